/**
 * Redaction of OTLP requests on the wire, before they are queued, so that nothing behind ingest ever holds a
 * secret. A quick look over the bytes lets most requests pass as they came; of the others only the fields
 * that change are written anew.
 */
import { METRIC, type Signal } from '@sluice/core/names';
import type { SelfMetrics } from '@sluice/core/self-metrics';
import { WIRE } from '@sluice/otlp/wire';
import { createByteScan } from '@sluice/redaction/byte-scan';
import type { KeyRule } from '@sluice/redaction/key-rules';
import { createRedactor, type Redactor } from '@sluice/redaction/redactor';
import type { RedactionSettings } from '@sluice/redaction/settings';
import { type MessagePlan, planOf } from './message-plan.ts';
import { bytesField, editFields, type FieldEdit, type WireField } from './wire-edit.ts';

/** Answers the same bytes when there is nothing to redact. @throws OtlpFormatError on malformed bytes */
export type RequestRedactor = (signal: Signal, bytes: Uint8Array) => Uint8Array;

export interface RequestRedactorOptions {
  /** For pseudonyms. */
  readonly secret?: string;
  readonly selfMetrics: SelfMetrics;
}

interface Range {
  readonly start: number;
  readonly end: number;
}

/** Fields of KeyValue, AnyValue, ArrayValue and KeyValueList (opentelemetry-proto common.proto). */
const PAIR = { key: 1, value: 2 } as const;
const VALUE = { string: 1, int: 3, double: 4, array: 5, kvlist: 6, bytes: 7 } as const;
const ITEMS = 1;
/** Shorter texts hold no secret that can be told by its looks. */
const MIN_SCANNED_BYTES = 3;

const encoder = new TextEncoder();

/** `undefined` when redaction is off. @throws UsageError when pseudonyms are asked for without a secret. */
export function createRequestRedactor(
  settings: RedactionSettings,
  { secret, selfMetrics }: RequestRedactorOptions,
): RequestRedactor | undefined {
  if (!settings.enabled || settings.signals.length === 0) return undefined;
  const redactor = createRedactor(settings, secret === undefined ? {} : { secret });
  const mayHold = createByteScan(settings);
  const plans = new Map(settings.signals.map((signal) => [signal, planOf(signal)]));
  const redactions = selfMetrics.counter(METRIC.redactions, 'Values redacted before queueing, by rule.');
  const reported = new Map<string, number>();
  const report = (): void => {
    for (const [rule, count] of Object.entries(redactor.report())) {
      const before = reported.get(rule) ?? 0;
      if (count > before) redactions.add(count - before, { rule });
      reported.set(rule, count);
    }
  };

  return (signal, bytes) => {
    const plan = plans.get(signal);
    if (plan === undefined || !mayHold(bytes)) return bytes;
    const edited = createWireRedactor(redactor, { bytes, mayHold }).message(
      { start: 0, end: bytes.length },
      plan,
    );
    report();
    return edited ?? bytes;
  };
}

function createWireRedactor(
  redactor: Redactor,
  { bytes, mayHold }: { readonly bytes: Uint8Array; readonly mayHold: (bytes: Uint8Array) => boolean },
) {
  const message = (range: Range, plan: MessagePlan): Uint8Array | undefined =>
    editFields(bytes, range, (field) => {
      const what = field.wireType === WIRE.bytes ? plan.get(field.number) : undefined;
      if (what === undefined) return undefined;
      if (what === 'text') return wrap(field, text(field, 'scan'));
      if (what === 'pair') return pair(field, undefined);
      return wrap(field, what === 'value' ? value(field, 'scan') : message(field, what));
    });

  /** A KeyValue. `outer` is the rule of the value around it, if there is one. */
  const pair = (field: WireField, outer: KeyRule | undefined): FieldEdit => {
    const rule = ruleOf(field, outer);
    if (rule === 'drop') {
      redactor.string('', rule);
      return 'drop';
    }
    if (rule === 'ignore') return undefined;
    const edited = editFields(bytes, field, (own) =>
      own.number === PAIR.value && own.wireType === WIRE.bytes ? wrap(own, value(own, rule)) : undefined,
    );
    return wrap(field, edited);
  };

  const ruleOf = (field: Range, outer: KeyRule | undefined): KeyRule => {
    if (outer === 'deny' || outer === 'hash') return outer;
    let key = '';
    editFields(bytes, field, (own) => {
      if (own.number === PAIR.key && own.wireType === WIRE.bytes) key = decode(own);
      return undefined;
    });
    const rule = redactor.ruleOf(key);
    return outer !== undefined && rule === 'drop' ? 'scan' : rule;
  };

  /** An AnyValue: lists and maps are entered, with the rule of their name. */
  const value = (range: Range, rule: KeyRule): Uint8Array | undefined =>
    editFields(bytes, range, (field) => {
      const { number, wireType } = field;
      if (wireType === WIRE.bytes) {
        if (number === VALUE.string) return wrap(field, text(field, rule));
        if (number === VALUE.array) {
          return wrap(
            field,
            editFields(bytes, field, (item) =>
              item.number === ITEMS && item.wireType === WIRE.bytes
                ? wrap(item, value(item, rule))
                : undefined,
            ),
          );
        }
        if (number === VALUE.kvlist) {
          return wrap(
            field,
            editFields(bytes, field, (item) =>
              item.number === ITEMS && item.wireType === WIRE.bytes ? pair(item, rule) : undefined,
            ),
          );
        }
        if (number === VALUE.bytes && (rule === 'deny' || rule === 'hash'))
          return asString(decode(field), rule);
      }
      const digits = numberText(bytes, field);
      if (digits === undefined) return undefined;
      const clean = redactor.number(digits, rule);
      return clean === undefined ? undefined : bytesField(VALUE.string, encoder.encode(clean));
    });

  const asString = (content: string, rule: KeyRule): Uint8Array =>
    bytesField(VALUE.string, encoder.encode(redactor.string(content, rule)));

  const text = (range: Range, rule: KeyRule): Uint8Array | undefined => {
    if (rule === 'scan' || rule === 'id') {
      if (range.end - range.start < MIN_SCANNED_BYTES) return undefined;
      if (!mayHold(bytes.subarray(range.start, range.end))) return undefined;
    }
    const before = decode(range);
    const after = redactor.string(before, rule);
    return after === before ? undefined : encoder.encode(after);
  };

  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decode = ({ start, end }: Range): string => buffer.toString('utf8', start, end);
  return { message };
}

function wrap({ number }: WireField, payload: Uint8Array | undefined): Uint8Array | undefined {
  return payload === undefined ? undefined : bytesField(number, payload);
}

/** An int_value or double_value as text. */
function numberText(bytes: Uint8Array, { number, wireType, start, end }: WireField): string | undefined {
  if (number === VALUE.int && wireType === WIRE.varint) {
    let result = 0n;
    for (let i = end - 1; i >= start; i--) result = (result << 7n) | BigInt(bytes[i]! & 0x7f);
    return BigInt.asIntN(64, result).toString();
  }
  if (number === VALUE.double && wireType === WIRE.fixed64) {
    return String(new DataView(bytes.buffer, bytes.byteOffset + start, 8).getFloat64(0, true));
  }
  return undefined;
}
