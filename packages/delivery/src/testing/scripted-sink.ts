/** A sink that answers what a test tells it to, and remembers what it took. */
import type { PushResult, Sink, TelemetryPart } from '@sluice/core/ports/sink';
import { decodeTraces } from '@sluice/otlp/decode-traces';

export interface ScriptedPush {
  readonly tenant: string;
  readonly parts: readonly TelemetryPart[];
  readonly spanIds: readonly string[];
  readonly rawBytes: number;
  readonly signal: AbortSignal;
}

export interface ScriptedSink extends Sink {
  /** Every push, whatever was answered. */
  readonly pushes: readonly ScriptedPush[];
  /** Ids of the spans that were taken, each with how many different messages brought it. */
  readonly spans: ReadonlyMap<string, number>;
}

export interface ScriptedSinkOptions {
  readonly name: string;
  readonly maxRawBytes?: number;
  /** May throw, as a sink must not. */
  readonly answer?: (push: ScriptedPush) => PushResult | Promise<PushResult>;
}

export const OK: PushResult = { status: 'ok' };
export const DOWN: PushResult = { status: 'retryable', reason: '503 Service Unavailable' };

export function createScriptedSink({
  name,
  maxRawBytes = 4 * 1024 * 1024,
  answer = () => OK,
}: ScriptedSinkOptions): ScriptedSink {
  const pushes: ScriptedPush[] = [];
  const taken = new Set<string>();
  const spans = new Map<string, number>();

  return {
    name,
    maxRawBytes,
    pushes,
    spans,
    async push(tenant, parts, { signal }) {
      const opened = await Promise.all(parts.map(async (part) => ({ part, raw: await part.raw() })));
      const push: ScriptedPush = {
        tenant,
        parts,
        spanIds: opened.flatMap(({ raw }) => spanIdsOf(raw)),
        rawBytes: opened.reduce((sum, { raw }) => sum + raw.length, 0),
        signal,
      };
      pushes.push(push);
      const result = await answer(push);
      if (result.status !== 'ok') return result;
      for (const { part, raw } of opened) {
        if (taken.has(part.messageId)) continue;
        taken.add(part.messageId);
        for (const id of spanIdsOf(raw)) spans.set(id, (spans.get(id) ?? 0) + 1);
      }
      return result;
    },
  };
}

export function spanIdsOf(raw: Uint8Array): readonly string[] {
  return decodeTraces(raw).flatMap(({ scopes }) =>
    scopes.flatMap(({ spans }) => spans.map(({ spanId }) => spanId)),
  );
}
