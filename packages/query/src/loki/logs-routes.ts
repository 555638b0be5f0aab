/**
 * Mounted at `/v1/logs`, what Loki's own API has no path for. `GET /tail`: a live tail as server-sent events,
 * for what cannot speak WebSocket; each event's data is a frame as Loki's tail endpoint sends it.
 * `GET /context`: the lines around a line.
 */
import type { LogReader } from '@sluice/backends/log-reader';
import type { Clock } from '@sluice/core/ports/clock';
import { type Context, Hono } from 'hono';
import { LogqlError } from '../logql/logql-error.ts';
import type { QueryEnv } from '../query-env.ts';
import { readLineContext } from './line-context.ts';
import { type LiveTail, type LiveTails, TooManyTails } from './live-tail.ts';
import { BadParameter, readParameters } from './parameters.ts';
import { toLokiFrame } from './render-tail.ts';
import { parseTailRequest } from './tail-request.ts';

export interface LogsRoutesOptions {
  readonly reader: LogReader;
  readonly tails: LiveTails;
  readonly clock: Clock;
}

export function createLogsRoutes({ reader, tails, clock }: LogsRoutesOptions): Hono<QueryEnv> {
  const app = new Hono<QueryEnv>();
  app.get('/tail', async (c) => {
    try {
      const request = parseTailRequest(await readParameters(c), clock.nowMs());
      const tail = tails.open(request, c.get('tenant'));
      c.req.raw.signal.addEventListener('abort', () => tail.close(), { once: true });
      return c.body(toEventStream(tail, clock), 200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-cache, no-transform',
      });
    } catch (error) {
      return refuse(c, error);
    }
  });
  app.get('/context', async (c) => {
    try {
      const source = { reader, tenant: c.get('tenant'), signal: c.req.raw.signal };
      return c.json(await readLineContext(await readParameters(c), source));
    } catch (error) {
      return refuse(c, error);
    }
  });
  return app;
}

function refuse(c: Context, error: unknown): Response {
  if (error instanceof TooManyTails) return c.text(error.message, 429);
  if (error instanceof LogqlError || error instanceof BadParameter) return c.text(error.message, 400);
  throw error;
}

/** Proxies cut connections that are silent for a minute. */
const HEARTBEAT_MS = 15_000;

/** Pulled by its reader: while nobody reads, the tail keeps what it may and counts what it must drop. */
function toEventStream(tail: LiveTail, clock: Clock): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let pending: ReturnType<LiveTail['next']> | undefined;
  const beats = new AbortController();
  return new ReadableStream<Uint8Array>(
    {
      // The answer begins at once, before there is a line.
      start: (controller) => controller.enqueue(encoder.encode(': tail\n\n')),
      async pull(controller) {
        pending ??= tail.next();
        const beat = new AbortController();
        const either = AbortSignal.any([beat.signal, beats.signal]);
        const frame = await Promise.race([
          pending,
          clock.sleep(HEARTBEAT_MS, either).then(() => 'beat' as const),
        ]);
        beat.abort();
        if (frame === 'beat' && !beats.signal.aborted) return controller.enqueue(encoder.encode(': \n\n'));
        pending = undefined;
        if (frame === undefined || frame === 'beat') return controller.close();
        const { droppedCount } = frame;
        const note = droppedCount === 0 ? '' : `event: dropped\ndata: {"count":${droppedCount}}\n\n`;
        controller.enqueue(encoder.encode(`${note}data: ${JSON.stringify(toLokiFrame(frame))}\n\n`));
      },
      cancel() {
        beats.abort();
        tail.close();
      },
    },
    { highWaterMark: 1 },
  );
}
