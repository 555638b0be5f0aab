/**
 * Faults of a server behind HTTP, for the fake backends: scripted one by one, or drawn by seed. What a
 * fake answers to a sound request is its own affair; this decides whether it gets to answer.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRandom, type Random } from '@sluice/core/testing/random';

export const HTTP_FAULTS = [
  'rate-limited',
  'unavailable',
  'bad-gateway',
  'internal-error',
  'bad-request',
  'unauthorized',
  /** Never answers; the client has to give up. */
  'timeout',
  /** The connection breaks before anything is taken. */
  'reset',
  /** Everything is taken, but the answer gets lost. */
  'reset-after',
  /** A 200 with a page meant for people, from something in between. */
  'garbage',
] as const;
export type HttpFault = (typeof HTTP_FAULTS)[number];

export interface HttpFaults {
  /** The next requests fail like this, in order; before any random fault. */
  failNext(...faults: readonly HttpFault[]): void;
  /** From now on each request fails with this probability, in one of these ways. */
  setRandom(probability: number, kinds?: readonly HttpFault[]): void;
  /** While down, connections are refused or broken. */
  setDown(isDown: boolean): void;
  /** What is to happen to the next request; counts it. */
  draw(): HttpFault | undefined;
  counts(): ReadonlyMap<HttpFault, number>;
}

export function createHttpFaults({ seed = 1 }: { readonly seed?: number } = {}): HttpFaults {
  const random: Random = createRandom(seed);
  const scripted: HttpFault[] = [];
  const counts = new Map<HttpFault, number>();
  let probability = 0;
  let kinds: readonly HttpFault[] = HTTP_FAULTS;
  let isDown = false;

  const choose = (): HttpFault | undefined => {
    if (isDown) return 'reset';
    return scripted.shift() ?? (random.chance(probability) ? random.pick(kinds) : undefined);
  };
  return {
    failNext: (...faults) => void scripted.push(...faults),
    setRandom(next, nextKinds = HTTP_FAULTS) {
      probability = next;
      kinds = nextKinds;
    },
    setDown: (next) => {
      isDown = next;
    },
    draw() {
      const fault = choose();
      if (fault !== undefined) counts.set(fault, (counts.get(fault) ?? 0) + 1);
      return fault;
    },
    counts: () => counts,
  };
}

const ANSWERS: Readonly<Partial<Record<HttpFault, readonly [status: number, body: string]>>> = {
  'rate-limited': [429, 'too many requests'],
  unavailable: [503, 'Service Unavailable'],
  'bad-gateway': [502, '<html><body>502 Bad Gateway</body></html>'],
  'internal-error': [500, 'internal error'],
  'bad-request': [400, 'cannot parse the request'],
  unauthorized: [401, 'invalid credentials'],
  garbage: [200, '<!doctype html><title>Welcome</title>'],
};

/** Carries out a fault. `reset-after` is left to the caller, who takes the data first and then resets. */
export function answerFault(
  fault: Exclude<HttpFault, 'reset-after'>,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (fault === 'reset') {
    request.socket.destroy();
    return;
  }
  // The body is read in full, or the client would see a broken connection instead of the answer.
  request.resume();
  const answer = ANSWERS[fault];
  if (answer === undefined) return;
  const [status, body] = answer;
  const contentType = body.startsWith('<') ? 'text/html' : 'text/plain';
  const retryAfter = fault === 'rate-limited' ? { 'retry-after': '2' } : {};
  request.on('end', () =>
    response.writeHead(status, { 'content-type': contentType, ...retryAfter }).end(body),
  );
}
