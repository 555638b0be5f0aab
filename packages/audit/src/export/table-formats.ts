/** Exports for other tools: CSV that is safe to open in a spreadsheet, and OCSF 1.x events for SIEMs. */
import type { AuditLevel } from '../event.ts';
import type { NumberedEvent } from '../read/trail-reader.ts';

const COLUMNS = [
  'seq',
  'id',
  'time',
  'type',
  'category',
  'level',
  'action',
  'result',
  'actor',
  'targets',
  'source_ip',
  'severity',
  'description',
  'attributes',
] as const;

export const CSV_HEADER = `${COLUMNS.join(',')}\r\n`;

/** One line of RFC 4180. */
export function toCsvLine({ seq, event }: NumberedEvent): string {
  const cells: Readonly<Record<(typeof COLUMNS)[number], string>> = {
    seq: String(seq),
    id: event.id,
    time: event.time,
    type: event.type,
    category: event.category,
    level: event.level,
    action: event.action,
    result: event.result,
    actor: event.actor?.id ?? event.actorRef ?? '',
    targets: event.targets.map(({ id }) => id).join(' '),
    source_ip: event.source?.ip ?? '',
    severity: event.severity ?? '',
    description: event.description ?? '',
    attributes: event.attributes === undefined ? '' : JSON.stringify(event.attributes),
  };
  return `${COLUMNS.map((name) => toCell(cells[name])).join(',')}\r\n`;
}

/** A cell that begins like a formula gets an apostrophe before it (OWASP, CSV injection). */
function toCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

const OCSF_SEVERITY: Readonly<Record<AuditLevel, number>> = { INFO: 1, WARNING: 3, ERROR: 4, CRITICAL: 5 };
/** Class 3002 Authentication and 6003 API Activity of the Open Cybersecurity Schema Framework. */
const AUTHENTICATION = { class_uid: 3002, category_uid: 3, activity_id: 1 } as const;
const API_ACTIVITY = { class_uid: 6003, category_uid: 6, activity_id: 99 } as const;

export function toOcsf({ seq, event }: NumberedEvent): object {
  const isLogin = /log_?in|sign_?in/i.test(`${event.type} ${event.action}`);
  const kind = isLogin ? AUTHENTICATION : API_ACTIVITY;
  const failed = /^(fail|denied|blocked|error|reject)/i.test(event.result);
  return {
    ...kind,
    type_uid: kind.class_uid * 100 + kind.activity_id,
    activity_name: event.action,
    time: Date.parse(event.time),
    severity_id: OCSF_SEVERITY[event.level],
    status_id: event.result === 'unknown' ? 0 : failed ? 2 : 1,
    status: event.result,
    message: event.description ?? event.type,
    metadata: {
      uid: event.id,
      version: '1.3.0',
      sequence: seq,
      logged_time: Date.parse(event.received),
      product: { name: 'Sluice', vendor_name: 'Sluice' },
    },
    ...(event.actor === undefined
      ? {}
      : { actor: { user: { uid: event.actor.id, name: event.actor.name, email_addr: event.actor.email } } }),
    ...(event.source?.ip === undefined ? {} : { src_endpoint: { ip: event.source.ip } }),
    ...(isLogin || event.actor === undefined ? {} : { api: { operation: event.action } }),
    resources: event.targets.map(({ id, type, name }) => ({ uid: id, type, name })),
    unmapped: { type: event.type, category: event.category, ...event.attributes },
  };
}
