/**
 * The read side of the audit trail, mounted at `/v1/audit`: questions, single events with their proofs, checkpoints,
 * a summary, verification, exports; holds and erasures in `keep-routes.ts`. Every look at events is itself recorded.
 */
import type { AuditLog } from '@sluice/audit/audit-log';
import { encodeVerifierKey, type NoteVerifier, openSignedCheckpoint } from '@sluice/audit/checkpoint';
import type { Keyring } from '@sluice/audit/keyring';
import { RECORD_TYPE } from '@sluice/audit/log-records';
import { CursorError } from '@sluice/audit/read/cursor';
import { summariseSecurity } from '@sluice/audit/read/security-summary';
import { createTrailReader, type NumberedEvent } from '@sluice/audit/read/trail-reader';
import type { CheckpointCopies } from '@sluice/audit/upkeep/checkpoint-copies';
import { verifyRunningLog } from '@sluice/audit/verify/verify-running-log';
import type { Clock } from '@sluice/core/ports/clock';
import type { Queue } from '@sluice/core/ports/queue';
import type { Table } from '@sluice/core/ports/table';
import { SCOPE, type Scope } from '@sluice/platform/keys/api-key';
import { type Context, Hono } from 'hono';
import type { QueryEnv } from '../query-env.ts';
import { AuditRequestError } from './audit-request-error.ts';
import { answerExport } from './export-answer.ts';
import { FOREIGN_PAGE, isForeignPage } from './foreign-page.ts';
import { addKeepRoutes } from './keep-routes.ts';
import { PAGE_PARAMETERS, readFilter, readLimit, readPage, readTime } from './read-question.ts';
import { createReadingRecorder } from './reading-recorder.ts';

export interface AuditRoutesOptions {
  readonly table: Table;
  readonly keyring: Keyring;
  readonly log: AuditLog;
  /** Whose checkpoints are trusted, the newest key first. */
  readonly keys: readonly NoteVerifier[];
  readonly copies: Pick<CheckpointCopies, 'notes'>;
  /** Where what happens here is recorded. */
  readonly queue: Queue;
  readonly clock: Clock;
  /** Where this process may sign: seals what there is before an export, so that it proves itself to its end. */
  readonly seal?: () => Promise<void>;
  /** Waited for between segments of a verification. */
  readonly pause: () => Promise<void>;
}

type AuditContext = Context<QueryEnv>;
type Handler = (c: AuditContext) => Promise<Response>;

const DAY_MS = 86_400_000;
const MAX_STEPS = 1000;
const NO_STORE = { 'cache-control': 'no-store' } as const;

/** Holds and erasures change what others can prove or read: they need `admin`. */
export function auditScopeOf({ method, url }: Request): Scope {
  const isKeep = /\/(holds(\/[^/]*)?|erase)\/?$/.test(new URL(url).pathname) && method !== 'GET';
  return isKeep ? SCOPE.admin : SCOPE.auditRead;
}

export function createAuditRoutes(options: AuditRoutesOptions): Hono<QueryEnv> {
  const { table, keyring, log, keys, copies, queue, clock, pause } = options;
  const reader = createTrailReader({ table, keyring });
  const recorder = createReadingRecorder({ queue, keyring, nowMs: () => clock.nowMs() });
  const app = new Hono<QueryEnv>({ strict: false });
  app.use(async (c, next) => {
    if (isForeignPage(c.req.raw, c.get('reader'))) return c.json({ error: FOREIGN_PAGE }, 403);
    return next();
  });
  const whose = (c: AuditContext) => ({ tenant: c.get('tenant'), reader: c.get('reader') });

  app.get('/events', (c) =>
    answer(c, async () => {
      const parameters = new URL(c.req.url).searchParams;
      const filter = readFilter(parameters, PAGE_PARAMETERS);
      const page = readPage(parameters);
      const who = whose(c);
      // A cursor belongs to a question of this reader that was recorded when it began.
      if (page.cursor === undefined) {
        const question = await recorder.describe(who.tenant, filter);
        await recorder.record(RECORD_TYPE.read, { ...who, attributes: { what: 'events', question } });
      }
      const { events, cursor } = await reader.query(who.tenant, filter, { ...page, reader: who.reader });
      return c.json(
        { events: events.map(toJson), ...(cursor === undefined ? {} : { cursor }) },
        200,
        NO_STORE,
      );
    }),
  );

  app.get('/events/:id', (c) =>
    answer(c, async () => {
      const who = whose(c);
      const id = c.req.param('id');
      await recorder.record(RECORD_TYPE.read, { ...who, attributes: { what: 'event', event_id: id } });
      const found = await reader.get(who.tenant, id);
      if (found === undefined) throw new AuditRequestError(404, `there is no event ${JSON.stringify(id)}`);
      return c.json(toJson(found), 200, NO_STORE);
    }),
  );

  app.get('/events/:id/proof', (c) =>
    answer(c, async () => {
      const who = whose(c);
      const id = c.req.param('id');
      await recorder.record(RECORD_TYPE.read, { ...who, attributes: { what: 'proof', event_id: id } });
      const answered = await reader.prove(who.tenant, id);
      switch (answered.status) {
        case 'ok':
          return c.json({ ...answered.proof, key: keyOf(answered.proof.checkpoint, keys) }, 200, NO_STORE);
        case 'unknown':
          throw new AuditRequestError(404, `there is no event ${JSON.stringify(id)}`);
        case 'unsealed':
          throw new AuditRequestError(409, 'the event is not sealed yet: ask again in a minute');
        case 'expired':
          throw new AuditRequestError(410, 'the content of the event is gone with its retention');
      }
    }),
  );

  // Checkpoints and the key say nothing about any event: whoever proves something may have them unrecorded.
  app.get('/checkpoints', (c) =>
    answer(c, async () => {
      const limit = readLimit(new URL(c.req.url).searchParams, { fallback: 10, max: 1000 });
      return c.json({ checkpoints: await reader.checkpoints(c.get('tenant'), limit) }, 200, NO_STORE);
    }),
  );
  app.get('/key', (c) => c.text(`${keys.map(encodeVerifierKey).join('\n')}\n`));

  app.get('/summary', (c) =>
    answer(c, async () => {
      const who = whose(c);
      const range = readSummaryRange(new URL(c.req.url).searchParams, clock.nowMs());
      const attributes = { what: 'summary', question: JSON.stringify(range) };
      await recorder.record(RECORD_TYPE.read, { ...who, attributes });
      return c.json(await summariseSecurity(reader, who.tenant, range), 200, NO_STORE);
    }),
  );

  app.post('/verify', (c) =>
    answer(c, async () => {
      const who = whose(c);
      const { root, ...verification } = await verifyRunningLog(who.tenant, {
        table,
        keyring,
        keys,
        log,
        clock,
        outsideNotes: () => copies.notes(who.tenant),
        onProgress: pause,
      });
      const { ok, size, sealedSize, findings } = verification;
      await recorder.record(RECORD_TYPE.verified, {
        ...who,
        result: ok ? 'success' : 'failure',
        attributes: { size, sealed_size: sealedSize, findings: findings.length },
      });
      return c.json({ ...verification, root: Buffer.from(root).toString('base64') }, 200, NO_STORE);
    }),
  );

  app.get('/export', (c) => answer(c, () => answerExport(c, { ...options, reader, recorder })));
  addKeepRoutes(app, { table, log, keyring, clock }, answer);
  return app;
}

async function answer(c: AuditContext, handler: Handler): Promise<Response> {
  try {
    return await handler(c);
  } catch (error) {
    if (error instanceof CursorError) return c.json({ error: error.message }, 400);
    if (error instanceof AuditRequestError) {
      if (error.httpStatus === 503) c.header('retry-after', '2');
      return c.json({ error: error.message }, error.httpStatus);
    }
    throw error;
  }
}

function toJson({ seq, event }: NumberedEvent): object {
  return { seq, ...event };
}

/** By default the last day in steps of an hour. @throws AuditRequestError */
function readSummaryRange(
  parameters: URLSearchParams,
  nowMs: number,
): { fromMs: number; toMs: number; stepMs: number } {
  const toMs = readTime(parameters, 'to') ?? nowMs;
  const fromMs = readTime(parameters, 'from') ?? toMs - DAY_MS;
  if (fromMs >= toMs) throw new AuditRequestError(400, '"from" must lie before "to"');
  const text = parameters.get('step') ?? '';
  const stepMs = text === '' ? Math.ceil((toMs - fromMs) / 24) : Number(text) * 1000;
  if (!(stepMs >= 1000) || (toMs - fromMs) / stepMs > MAX_STEPS)
    throw new AuditRequestError(400, `"step" must be seconds, and give at most ${MAX_STEPS} steps`);
  return { fromMs, toMs, stepMs };
}

/** The one that signed a checkpoint: an earlier one until the trail is sealed again. */
function keyOf(checkpoint: string, keys: readonly NoteVerifier[]): string {
  return encodeVerifierKey(keys[openSignedCheckpoint(checkpoint, keys).signedBy]!);
}
