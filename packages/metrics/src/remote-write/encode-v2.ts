/**
 * Remote write 2.0: io.prometheus.write.v2.Request, in which every string stands once and metadata and
 * start times travel with the series. Snappy comes on top of it.
 */
import type { FamilyMetadata } from '../model/snapshot.ts';
import {
  type ByteWriter,
  beginMessage,
  createByteWriter,
  endMessage,
  makeRoom,
  putBytes,
  putDouble,
  putFixed64,
  putRaw,
  putVarint,
  written,
} from './byte-writer.ts';
import { putNativeFields } from './native-fields.ts';
import { METRIC_TYPE, STALE, STALE_NAN_BITS, type WireSample } from './wire-sample.ts';
import { compareByBytes, type SymbolStore } from './wire-series.ts';

/** Tags: field number * 8 + wire type (prompb/io/prometheus/write/v2/types.proto). */
const TAG = {
  symbol: 0x22,
  timeseries: 0x2a,
  labelRefs: 0x0a,
  sample: 0x12,
  histogram: 0x1a,
  exemplar: 0x22,
  metadata: 0x2a,
  createdTimestamp: 0x30,
  value: 0x09,
  timestamp: 0x10,
  startTimestamp: 0x18,
  exemplarValue: 0x11,
  exemplarTimestamp: 0x18,
  metadataType: 0x08,
  helpRef: 0x18,
  unitRef: 0x20,
} as const;

export type EncodeV2 = (samples: readonly WireSample[], store: SymbolStore) => Uint8Array;

/** The answered bytes are valid until the next call: the buffers are used again. */
export function createEncoderV2(): EncodeV2 {
  const series = createByteWriter();
  const request = createByteWriter();
  /** By symbol id: the number of the request in which it was last used, and its place there. */
  let usedIn = new Uint32Array(1024);
  let placeOf = new Uint32Array(1024);
  let requestNumber = 0;
  let table: number[] = [];

  return (samples, store) => {
    requestNumber += 1;
    table = [store.idOf('')];
    grow(store.size);
    usedIn[table[0]!] = requestNumber;
    placeOf[table[0]!] = 0;
    const placeOfId = (id: number): number => {
      if (id >= usedIn.length) grow(id + 1);
      if (usedIn[id] !== requestNumber) {
        usedIn[id] = requestNumber;
        placeOf[id] = table.length;
        table.push(id);
      }
      return placeOf[id]!;
    };

    series.length = 0;
    for (const sample of samples) putTimeSeries(series, sample, { store, placeOfId });
    request.length = 0;
    for (const id of table) putBytes(request, TAG.symbol, store.bytesOf(id));
    putRaw(request, written(series));
    return written(request);
  };

  function grow(size: number): void {
    if (size <= usedIn.length) return;
    const length = Math.max(size, usedIn.length * 2);
    const [used, place] = [new Uint32Array(length), new Uint32Array(length)];
    used.set(usedIn);
    place.set(placeOf);
    [usedIn, placeOf] = [used, place];
  }
}

interface Symbols {
  readonly store: SymbolStore;
  readonly placeOfId: (id: number) => number;
}

function putTimeSeries(writer: ByteWriter, sample: WireSample, symbols: Symbols): void {
  const { series, value, timeMs, startMs, exemplars, family } = sample;
  const mark = beginMessage(writer, TAG.timeseries);
  const refs = beginMessage(writer, TAG.labelRefs);
  makeRoom(writer, series.symbols.length * 5);
  for (let i = 0; i < series.symbols.length; i++) putVarint(writer, symbols.placeOfId(series.symbols[i]!));
  endMessage(writer, refs);
  if (typeof value === 'object') {
    const histogram = beginMessage(writer, TAG.histogram);
    putNativeFields(writer, value, { timeMs, startMs });
    endMessage(writer, histogram);
  } else {
    const own = beginMessage(writer, TAG.sample);
    if (value === STALE) putFixed64(writer, TAG.value, STALE_NAN_BITS);
    else putDouble(writer, TAG.value, value);
    putVarint(writer, TAG.timestamp);
    putVarint(writer, timeMs);
    if (startMs > 0) {
      putVarint(writer, TAG.startTimestamp);
      putVarint(writer, startMs);
    }
    endMessage(writer, own);
  }
  for (const exemplar of exemplars) {
    const own = beginMessage(writer, TAG.exemplar);
    const labels = beginMessage(writer, TAG.labelRefs);
    for (const { name, value: text } of exemplar.labels.toSorted((a, b) => compareByBytes(a.name, b.name))) {
      putVarint(writer, symbols.placeOfId(symbols.store.idOf(name)));
      putVarint(writer, symbols.placeOfId(symbols.store.idOf(text)));
    }
    endMessage(writer, labels);
    putDouble(writer, TAG.exemplarValue, exemplar.value);
    putVarint(writer, TAG.exemplarTimestamp);
    putVarint(writer, exemplar.timeMs);
    endMessage(writer, own);
  }
  if (family !== undefined) putMetadata(writer, family, symbols);
  if (startMs > 0) {
    // Until draft 3 of the specification the start time stood here, since draft 4 in the sample: both are read.
    putVarint(writer, TAG.createdTimestamp);
    putVarint(writer, startMs);
  }
  endMessage(writer, mark);
}

function putMetadata(writer: ByteWriter, { kind, help, unit }: FamilyMetadata, symbols: Symbols): void {
  const mark = beginMessage(writer, TAG.metadata);
  putVarint(writer, TAG.metadataType);
  putVarint(writer, METRIC_TYPE[kind]);
  if (help !== '') {
    putVarint(writer, TAG.helpRef);
    putVarint(writer, symbols.placeOfId(symbols.store.idOf(help)));
  }
  if (unit !== '') {
    putVarint(writer, TAG.unitRef);
    putVarint(writer, symbols.placeOfId(symbols.store.idOf(unit)));
  }
  endMessage(writer, mark);
}
