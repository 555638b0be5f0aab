/** An audit event, schema version 1, as it is after parsing and before it is sealed into the log. */
import type { Json } from './canonical-json.ts';

export const AUDIT_LEVELS = ['INFO', 'WARNING', 'ERROR', 'CRITICAL'] as const;
export type AuditLevel = (typeof AUDIT_LEVELS)[number];

export interface Actor {
  /** The application's id of who acted, e.g. a user id. */
  readonly id: string;
  readonly type?: string;
  readonly name?: string;
  readonly email?: string;
}

export interface Target {
  readonly id: string;
  readonly type?: string;
  readonly name?: string;
}

export interface Source {
  readonly ip?: string;
  readonly userAgent?: string;
  readonly service?: string;
}

export interface AuditEvent {
  readonly schema: 1;
  /** `ev_` and 40 hex digits. The same for every repeat of an event that carries an id or Idempotency-Key. */
  readonly id: string;
  /** The client's own id; present when repeats can be told from new events. */
  readonly clientId?: string;
  /** When it happened: RFC 3339, UTC, milliseconds. */
  readonly time: string;
  /** When the pipeline took it, likewise. */
  readonly received: string;
  /** Open set, e.g. `USER_ACTION`, `SECURITY_VIOLATION`, `auth.login`. */
  readonly type: string;
  /** `user`, `security` or `system`; open. */
  readonly category: string;
  readonly level: AuditLevel;
  readonly action: string;
  /** Open set, e.g. `success`, `failure`, `denied`, `blocked`. */
  readonly result: string;
  readonly actor?: Actor;
  readonly targets: readonly Target[];
  readonly source?: Source;
  /** Of security events: `low`, `medium`, `high`, `critical`; open. */
  readonly severity?: string;
  readonly description?: string;
  /** W3C trace id or the application's tracking id. */
  readonly trackingId?: string;
  /** Everything else that the client sent. */
  readonly attributes?: { readonly [name: string]: Json };
}

export const EVENT_LIMITS = {
  /** Canonical form of one event. */
  maxCanonicalBytes: 60 * 1024,
  maxTargets: 20,
  maxFieldChars: 1024,
  maxDescriptionChars: 16_384,
  maxAttributes: 100,
  maxDepth: 16,
  /** How far its time may lie from the time of receipt. */
  futureWindowMs: 5 * 60_000,
  pastWindowMs: 7 * 86_400_000,
} as const;
