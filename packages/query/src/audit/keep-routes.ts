/** Legal holds and the erasure of persons: `PUT`, `DELETE` and `GET /holds`, `POST /erase`. The log records each by itself. */
import { eraseSubject } from '@sluice/audit/keep/erase-subject';
import { type HoldDeps, type HoldRequest, listHolds, placeHold, releaseHold } from '@sluice/audit/keep/holds';
import type { Clock } from '@sluice/core/ports/clock';
import type { Context, Hono } from 'hono';
import type { QueryEnv } from '../query-env.ts';
import { AuditRequestError } from './audit-request-error.ts';
import { readTime } from './read-question.ts';

export interface KeepDeps extends HoldDeps {
  readonly clock: Clock;
}

type Answer = (
  c: Context<QueryEnv>,
  handler: (c: Context<QueryEnv>) => Promise<Response>,
) => Promise<Response>;

const ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const MAX_REASON_CHARS = 1000;
const MAX_LIST = 100;
const SCOPE_LISTS = ['actors', 'targets', 'types'] as const;

export function addKeepRoutes(app: Hono<QueryEnv>, deps: KeepDeps, answer: Answer): void {
  const operator = (c: Context<QueryEnv>) => ({
    ...deps,
    actorId: c.get('reader'),
    nowMs: deps.clock.nowMs(),
  });

  app.get('/holds', (c) =>
    answer(c, async () => c.json({ holds: await listHolds(deps.table, c.get('tenant')) })),
  );
  app.put('/holds/:id', (c) =>
    answer(c, async () => {
      const request = readHold(readId(c.req.param('id') ?? ''), await readObject(c));
      return c.json(await placeHold(c.get('tenant'), request, operator(c)));
    }),
  );
  app.delete('/holds/:id', (c) =>
    answer(c, async () => {
      const id = readId(c.req.param('id') ?? '');
      if (!(await releaseHold(c.get('tenant'), id, operator(c))))
        throw new AuditRequestError(404, `there is no hold ${JSON.stringify(id)}`);
      return c.json({ released: id });
    }),
  );
  app.post('/erase', (c) =>
    answer(c, async () => {
      const { subject, ...others } = await readObject(c);
      if (typeof subject !== 'string' || subject === '' || Object.keys(others).length > 0)
        throw new AuditRequestError(400, 'send {"subject": "<id of the actor>"} and nothing else');
      const erasure = await eraseSubject(c.get('tenant'), subject, operator(c));
      switch (erasure.status) {
        case 'erased':
          return c.json(erasure);
        case 'held':
          throw new AuditRequestError(
            409,
            `the hold ${JSON.stringify(erasure.holdId)} forbids it: release that first`,
          );
        case 'unknown':
          throw new AuditRequestError(404, 'the trail holds nothing about anybody of this id');
      }
    }),
  );
}

function readId(id: string): string {
  if (ID_PATTERN.test(id)) return id;
  throw new AuditRequestError(
    400,
    `hold ${JSON.stringify(id.slice(0, 100))} is not 1-64 characters of letters, digits, ".", "_" and "-"`,
  );
}

async function readObject(c: Context<QueryEnv>): Promise<Readonly<Record<string, unknown>>> {
  try {
    const value: unknown = await c.req.json();
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Readonly<Record<string, unknown>>;
  } catch {
    // Answered as what it is: no object.
  }
  throw new AuditRequestError(400, 'the body is not a JSON object');
}

function readHold(
  id: string,
  { reason, actors, targets, types, from, to, ...others }: Readonly<Record<string, unknown>>,
): HoldRequest {
  const [unknown] = Object.keys(others);
  if (unknown !== undefined)
    throw new AuditRequestError(
      400,
      `"${unknown}" is not known; use reason, ${SCOPE_LISTS.join(', ')}, from, to`,
    );
  if (typeof reason !== 'string' || reason.trim() === '' || reason.length > MAX_REASON_CHARS)
    throw new AuditRequestError(400, `"reason" must be a text of 1 to ${MAX_REASON_CHARS} characters`);
  const given = { actors, targets, types };
  const lists = SCOPE_LISTS.flatMap((name) =>
    given[name] === undefined ? [] : [[name, readTexts(name, given[name])] as const],
  );
  const times = new URLSearchParams();
  for (const [name, value] of Object.entries({ from, to }))
    if (value !== undefined) times.set(name, String(value));
  const [fromMs, toMs] = [readTime(times, 'from'), readTime(times, 'to')];
  return {
    id,
    reason,
    scope: {
      ...Object.fromEntries(lists),
      ...(fromMs === undefined ? {} : { fromMs }),
      ...(toMs === undefined ? {} : { toMs }),
    },
  };
}

function readTexts(name: string, value: unknown): readonly string[] {
  const isList =
    Array.isArray(value) &&
    value.length > 0 &&
    value.length <= MAX_LIST &&
    value.every((entry) => typeof entry === 'string' && entry !== '');
  if (!isList) throw new AuditRequestError(400, `"${name}" must be a list of 1 to ${MAX_LIST} texts`);
  return value as readonly string[];
}
