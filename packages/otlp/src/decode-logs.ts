/** Decodes an export request of logs into typed values. */
import { decodeAnyValue, decodeKeyValue, EMPTY_VALUE } from './decode-attributes.ts';
import { decodeEnvelopes, type ItemDecoder } from './decode-envelopes.ts';
import type { KeyValue, LogRecord, ResourceLogs, ScopeLogs } from './model.ts';
import type { ProtoReader } from './proto-reader.ts';

const LOG_RECORD_FIELDS = 0b1_1111_1110_1110;

const RECORDS: ItemDecoder<LogRecord, ScopeLogs> = {
  decodeItem: decodeLogRecord,
  toScope: ({ scope, schemaUrl, items }) => ({ scope, schemaUrl, records: items }),
};

/** @throws OtlpFormatError on malformed bytes. */
export function decodeLogs(bytes: Uint8Array): readonly ResourceLogs[] {
  return decodeEnvelopes(bytes, RECORDS);
}

function decodeLogRecord(reader: ProtoReader): LogRecord {
  const outer = reader.enter();
  const attributes: KeyValue[] = [];
  const record = {
    timeUnixNano: 0n,
    observedTimeUnixNano: 0n,
    severityNumber: 0,
    severityText: '',
    body: EMPTY_VALUE,
    attributes,
    droppedAttributesCount: 0,
    flags: 0,
    traceId: '',
    spanId: '',
    eventName: '',
  };
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    switch (tag) {
      case (1 << 3) | 1:
        record.timeUnixNano = reader.fixed64();
        break;
      case 2 << 3:
        record.severityNumber = reader.int32();
        break;
      case (3 << 3) | 2:
        record.severityText = reader.string();
        break;
      case (5 << 3) | 2:
        record.body = decodeAnyValue(reader, record.body);
        break;
      case (6 << 3) | 2:
        attributes.push(decodeKeyValue(reader));
        break;
      case 7 << 3:
        record.droppedAttributesCount = reader.uint32();
        break;
      case (8 << 3) | 5:
        record.flags = reader.fixed32();
        break;
      case (9 << 3) | 2:
        record.traceId = reader.hex();
        break;
      case (10 << 3) | 2:
        record.spanId = reader.hex();
        break;
      case (11 << 3) | 1:
        record.observedTimeUnixNano = reader.fixed64();
        break;
      case (12 << 3) | 2:
        record.eventName = reader.string();
        break;
      default:
        reader.skip(tag, LOG_RECORD_FIELDS);
    }
  }
  reader.leave(outer);
  return record;
}
