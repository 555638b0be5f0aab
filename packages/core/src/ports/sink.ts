/**
 * The Sink port: where delivered telemetry goes (Tempo, Loki, CloudWatch Logs, an embedded store).
 * A sink never throws for an answer it got: it says what the answer means.
 */
import type { MessageId, TenantId } from '../ids.ts';

export type PushResult =
  /** `items`: how many of the items are the sink's concern and were taken; all of them when absent. */
  | { readonly status: 'ok'; readonly warning?: string; readonly items?: number }
  | {
      readonly status: 'retryable';
      readonly reason: string;
      readonly retryAfterMs?: number;
      /** 401, 403, 404: the destination is set up wrongly; retried for as long as it takes, and alarmed. */
      readonly misconfigured?: boolean;
    }
  /** The push was larger than the destination takes: send less at a time. */
  | { readonly status: 'too-large'; readonly reason: string }
  /** No retry can help. Of a joined push, at least one part is to blame. */
  | { readonly status: 'permanent'; readonly reason: string };

/** One queue message on its way to a sink. */
export interface TelemetryPart {
  readonly messageId: MessageId;
  readonly items: number;
  readonly receivedAtMs: number;
  /** Gzip members of one OTLP export request in protobuf. */
  readonly gzip: Uint8Array;
  /** The same, inflated; computed once. */
  raw(): Promise<Uint8Array>;
}

export interface Sink {
  /** Short and stable, e.g. `tempo`: a label of metrics and an attribute of retried messages. */
  readonly name: string;
  /** Inflated bytes that one push may hold. */
  readonly maxRawBytes: number;
  /** All parts are of one tenant and one signal. */
  push(
    tenant: TenantId,
    parts: readonly TelemetryPart[],
    options: { readonly signal: AbortSignal },
  ): Promise<PushResult>;
}
