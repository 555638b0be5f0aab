/**
 * What a WebSocket on Loki's tail path may be opened for: decided from the HTTP request alone, before
 * anything is upgraded. The socket itself is the business of the process that listens.
 */
import type { TenantId } from '@sluice/core/ids';
import { createOriginTest } from '@sluice/core/origin-list';
import type { Clock } from '@sluice/core/ports/clock';
import { SCOPE } from '@sluice/platform/keys/api-key';
import { LogqlError } from '../logql/logql-error.ts';
import type { QueryAppOptions } from '../query-app.ts';
import { type LiveTail, type LiveTails, TooManyTails } from './live-tail.ts';
import { BadParameter } from './parameters.ts';
import { toLokiFrame } from './render-tail.ts';
import { parseTailRequest } from './tail-request.ts';

export const TAIL_PATH = '/loki/api/v1/tail';

export interface TailUpgradeOptions {
  readonly tails: LiveTails;
  readonly authorize: QueryAppOptions['authorize'];
  readonly clock: Clock;
  /** Web origins other than the server's own whose pages may open a tail, as in SLUICE_CORS_ORIGINS. */
  readonly origins: readonly string[];
}

export type TailUpgrade =
  | { readonly status: 'refused'; readonly httpStatus: number; readonly message: string }
  | { readonly status: 'ok'; readonly tail: FrameSource };

export interface FrameSource {
  /** The next frame as text, `undefined` when the tail has ended. */
  next(): Promise<string | undefined>;
  close(): void;
}

export async function openTailUpgrade(request: Request, options: TailUpgradeOptions): Promise<TailUpgrade> {
  const { tails, authorize, clock, origins } = options;
  const url = new URL(request.url);
  if (url.pathname !== TAIL_PATH) return refuse(404, `no WebSocket is served at ${url.pathname}`);
  // Browsers send WebSockets to any address without asking: another site's page must not read along.
  const origin = request.headers.get('origin');
  if (origin !== null && !createOriginTest(origins)(origin) && !isSameHost(origin, url.host))
    return refuse(403, 'pages of this origin may not read here');
  const verdict = await authorize(request, SCOPE.queryRead);
  if (verdict.status === 'refused') return refuse(verdict.httpStatus, verdict.message);
  try {
    return { status: 'ok', tail: toFrames(open(url, { tails, clock, tenant: verdict.tenant })) };
  } catch (error) {
    if (error instanceof TooManyTails) return refuse(429, error.message);
    if (error instanceof LogqlError || error instanceof BadParameter) return refuse(400, error.message);
    throw error;
  }
}

function open(
  { searchParams }: URL,
  { tails, clock, tenant }: { readonly tails: LiveTails; readonly clock: Clock; readonly tenant: TenantId },
): LiveTail {
  const parameters = {
    get: (name: string) => searchParams.get(name) ?? undefined,
    all: (name: string) => searchParams.getAll(name),
  };
  return tails.open(parseTailRequest(parameters, clock.nowMs()), tenant);
}

function toFrames(tail: LiveTail): FrameSource {
  return {
    async next() {
      const frame = await tail.next();
      return frame === undefined ? undefined : JSON.stringify(toLokiFrame(frame));
    },
    close: tail.close,
  };
}

function isSameHost(origin: string, host: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === host;
}

function refuse(httpStatus: number, message: string): TailUpgrade {
  return { status: 'refused', httpStatus, message };
}
