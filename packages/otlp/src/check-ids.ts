/** The rules for trace and span ids in bytes (W3C Trace Context: 16 and 8 bytes, not all zero). */
import type { Fault } from './findings.ts';

type IdField = 'trace_id' | 'span_id' | 'parent_span_id';

const SIZES: Readonly<Record<IdField, number>> = { trace_id: 16, span_id: 8, parent_span_id: 8 };
const REASONS: Readonly<Record<IdField, string>> = {
  trace_id: 'invalid-trace-id',
  span_id: 'invalid-span-id',
  parent_span_id: 'invalid-parent-span-id',
};
const MAX_SHOWN_BYTES = 40;

export function checkRequiredId(
  field: IdField,
  bytes: Uint8Array,
  at: number,
  end: number,
): Fault | undefined {
  const size = SIZES[field];
  if (end - at !== size) return toFault(field, bytes, at, end, `it must be ${size} bytes`);
  if (bytes[at] !== 0 || !isZero(bytes, at, end)) return undefined;
  return { reason: REASONS[field], detail: `${field} is all zero, which stands for no id` };
}

export function checkOptionalId(
  field: IdField,
  bytes: Uint8Array,
  at: number,
  end: number,
): Fault | undefined {
  if (end === at || end - at === SIZES[field]) return undefined;
  return toFault(field, bytes, at, end, `it must be ${SIZES[field]} bytes or absent`);
}

/** True for an empty id as well. */
export function isZero(bytes: Uint8Array, at: number, end: number): boolean {
  for (let i = at; i < end; i++) if (bytes[i] !== 0) return false;
  return true;
}

function toFault(field: IdField, bytes: Uint8Array, at: number, end: number, rule: string): Fault {
  const shown = end === at ? 'is empty' : `has ${end - at} bytes (${show(bytes, at, end)})`;
  return {
    reason: REASONS[field],
    detail: `${field} ${shown}; ${rule} (${SIZES[field] * 2} hex digits in JSON)`,
  };
}

/** As text when it is printable, which is how a JSON id that is not hex arrives; else as hex. */
function show(bytes: Uint8Array, at: number, end: number): string {
  const shown = bytes.subarray(at, Math.min(end, at + MAX_SHOWN_BYTES));
  const buffer = Buffer.from(shown.buffer, shown.byteOffset, shown.byteLength);
  const rest = end - at > MAX_SHOWN_BYTES ? '…' : '';
  if (shown.every((byte) => byte >= 0x20 && byte < 0x7f)) return `"${buffer.toString('latin1')}${rest}"`;
  return `0x${buffer.toString('hex')}${rest}`;
}
