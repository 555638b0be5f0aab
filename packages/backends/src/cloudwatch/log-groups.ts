/** The log groups that records go to, by their level: an audit trail is kept longer and read by other people. */
import type { Level } from '../logs/severity.ts';

export const GROUP_KINDS = ['app', 'audit', 'security'] as const;
export type GroupKind = (typeof GROUP_KINDS)[number];

/** Infrequent access costs half to write and offers a part of the features (CloudWatch Logs User Guide § Log classes). */
export type LogClass = 'STANDARD' | 'INFREQUENT_ACCESS';

export interface LogGroup {
  readonly name: string;
  readonly logClass: LogClass;
  readonly retentionDays: number;
}
export type LogGroups = Readonly<Record<GroupKind, LogGroup>>;

export interface LogGroupsOptions {
  /** E.g. `/sluice/` for `/sluice/app`. */
  readonly prefix: string;
  /** Of `app`. The others are looked into rarely, but then with everything there is. */
  readonly logClass?: LogClass;
  readonly retentionDays?: number;
  /** Of `audit` and `security`; by default 400 days, more than the year that most rules ask for. */
  readonly auditRetentionDays?: number;
}

export function createLogGroups({
  prefix,
  logClass = 'STANDARD',
  retentionDays = 30,
  auditRetentionDays = 400,
}: LogGroupsOptions): LogGroups {
  const long = { logClass: 'STANDARD', retentionDays: Math.max(retentionDays, auditRetentionDays) } as const;
  return {
    app: { name: `${prefix}app`, logClass, retentionDays },
    audit: { name: `${prefix}audit`, ...long },
    security: { name: `${prefix}security`, ...long },
  };
}

export function groupOf(level: Level): GroupKind {
  if (level === 'AUDIT') return 'audit';
  return level === 'SECURITY' ? 'security' : 'app';
}
