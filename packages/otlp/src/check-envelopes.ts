/** Walks what the three requests have in common: resources, in them scopes, in them items. */
import { checkFields, shapeOf } from './check-fields.ts';
import { checkLogRecord } from './check-log-record.ts';
import { checkMetric } from './check-metric.ts';
import { checkSpan } from './check-span.ts';
import type { Findings } from './findings.ts';
import { checkText, cursor, enter, readTag, skipUnknown } from './wire-check.ts';

const RESOURCE = shapeOf('Resource');
const SCOPE = shapeOf('InstrumentationScope');

const REQUEST_FIELDS = 0b10;
const ENVELOPE_FIELDS = 0b1110;
/** Where protobuf files before 0.15 had the items, under an instrumentation library. */
const LEGACY_ITEMS_TAG = (1000 << 3) | 2;

const CHECK_ITEM = { traces: checkSpan, logs: checkLogRecord, metrics: checkMetric } as const;

export function checkEnvelopes(findings: Findings): void {
  const { bytes } = findings;
  const end = bytes.length;
  let at = 0;
  while (at < end) {
    const tag = readTag(bytes, at, end);
    at = cursor;
    if (tag === ((1 << 3) | 2)) {
      const stop = enter(bytes, at, end);
      findings.resource++;
      findings.scope = -1;
      checkResourceItems(findings, cursor, stop);
      findings.item = -1;
      findings.scope = -1;
      at = stop;
    } else {
      at = skipUnknown(bytes, at, end, tag, REQUEST_FIELDS);
      findings.unknownTopLevelField(tag >>> 3);
    }
  }
}

function checkResourceItems(findings: Findings, from: number, end: number): void {
  const { bytes } = findings;
  let at = from;
  while (at < end) {
    const tag = readTag(bytes, at, end);
    at = cursor;
    switch (tag) {
      case (1 << 3) | 2: {
        const stop = enter(bytes, at, end);
        checkFields(bytes, cursor, stop, RESOURCE);
        at = stop;
        break;
      }
      case (2 << 3) | 2: {
        const stop = enter(bytes, at, end);
        findings.scope++;
        findings.item = -1;
        checkScopeItems(findings, cursor, stop);
        findings.item = -1;
        at = stop;
        break;
      }
      case (3 << 3) | 2: {
        const stop = enter(bytes, at, end);
        checkText(bytes, cursor, stop);
        at = stop;
        break;
      }
      default:
        at = skipUnknown(bytes, at, end, tag, ENVELOPE_FIELDS);
        if (tag === LEGACY_ITEMS_TAG) {
          findings.warn(
            'has items under the field of an instrumentation library (1000), which OTLP no longer has: they are not read; update the exporter',
          );
        }
    }
  }
}

function checkScopeItems(findings: Findings, from: number, end: number): void {
  const { bytes } = findings;
  const checkItem = CHECK_ITEM[findings.signal];
  let at = from;
  while (at < end) {
    const start = at;
    const tag = readTag(bytes, at, end);
    at = cursor;
    switch (tag) {
      case (2 << 3) | 2: {
        const stop = enter(bytes, at, end);
        findings.item++;
        checkItem(findings, start, cursor, stop);
        at = stop;
        break;
      }
      case (1 << 3) | 2: {
        const stop = enter(bytes, at, end);
        checkFields(bytes, cursor, stop, SCOPE);
        at = stop;
        break;
      }
      case (3 << 3) | 2: {
        const stop = enter(bytes, at, end);
        checkText(bytes, cursor, stop);
        at = stop;
        break;
      }
      default:
        at = skipUnknown(bytes, at, end, tag, ENVELOPE_FIELDS);
    }
  }
}
