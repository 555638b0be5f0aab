/**
 * Splits an export request into parts of a limited size, each a request of its own: on borders between
 * spans, log records or data points, with what is around them repeated. They are copied as they are, never decoded.
 */
import type { Signal } from '@sluice/core/names';
import { countItem } from './count-items.ts';
import { divideMessage, type Envelope, fieldsOf, framed } from './divide-message.ts';
import { divideMetric } from './divide-metric.ts';
import { ProtoWriter } from './proto-writer.ts';

export interface RequestPart {
  readonly bytes: Uint8Array;
  /** Spans, log records or data points. */
  readonly items: number;
}

/** The field of a request's resources, a resource's scopes and a scope's items. */
const RESOURCES = 1;
const SCOPES = 2;
const ITEMS = 2;
/** Tags and lengths of a resource and a scope around one item. */
const MAX_FRAMES = 12;

/**
 * Parts hold exactly the items of `bytes`, in order; together they decode to what `bytes` decodes to. A
 * single item larger than `maxBytes` is a part of its own, larger than the limit. So are parts whose
 * resource and scope alone take half of it. A metric that is too large for a part of its own is divided
 * between its points.
 *
 * @throws OtlpFormatError on malformed bytes.
 */
export function splitRequest(signal: Signal, bytes: Uint8Array, maxBytes: number): readonly RequestPart[] {
  const parts = new PartBuilder(maxBytes);
  for (const resource of fieldsOf(bytes, 0, bytes.length, RESOURCES)) {
    const envelope = divideMessage(bytes, resource, SCOPES);
    if (envelope.inner.length === 0)
      parts.add({ resource: envelope.around, scope: NO_ENVELOPE, item: undefined, items: 0 });
    for (const scope of envelope.inner) {
      const { around, inner } = divideMessage(bytes, scope, ITEMS);
      if (inner.length === 0)
        parts.add({ resource: envelope.around, scope: around, item: undefined, items: 0 });
      for (const item of inner) {
        const space = maxBytes - envelope.around.size - around.size - MAX_FRAMES;
        const pieces = signal === 'metrics' ? divideMetric(bytes, item, space) : undefined;
        for (const piece of pieces ?? [
          {
            bytes: bytes.subarray(item.start, item.end),
            items: countItem(signal, bytes, item.content, item.end),
          },
        ])
          parts.add({
            resource: envelope.around,
            scope: around,
            item: piece.bytes,
            items: piece.items,
          });
      }
    }
  }
  return parts.finish();
}

const NO_ENVELOPE: Envelope = { pieces: [], size: 0 };

interface Piece {
  readonly resource: Envelope;
  readonly scope: Envelope;
  /** With its tag and length. */
  readonly item: Uint8Array | undefined;
  readonly items: number;
}

interface OpenScope {
  readonly around: Envelope;
  size: number;
  readonly items: Uint8Array[];
}

interface OpenResource {
  readonly around: Envelope;
  /** Of everything but the scopes that are still open. */
  size: number;
  readonly scopes: OpenScope[];
}

class PartBuilder {
  readonly #maxBytes: number;
  readonly #parts: RequestPart[] = [];
  #resources: OpenResource[] = [];
  #items = 0;
  #pieces = 0;
  /** Of the part as it stands. */
  #size = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  add(piece: Piece): void {
    if (this.#pieces > 0 && this.#sizeWith(piece) > this.#limitFor(piece)) this.#close();
    this.#size = this.#sizeWith(piece);
    let resource = this.#resources.at(-1);
    if (resource?.around !== piece.resource) {
      resource = { around: piece.resource, size: piece.resource.size, scopes: [] };
      this.#resources.push(resource);
    }
    if (piece.item !== undefined || piece.scope.size > 0) {
      let scope = resource.scopes.at(-1);
      if (scope?.around !== piece.scope) {
        scope = { around: piece.scope, size: piece.scope.size, items: [] };
        resource.scopes.push(scope);
        resource.size += framed(scope.size);
      }
      if (piece.item !== undefined) {
        resource.size += framed(scope.size + piece.item.length) - framed(scope.size);
        scope.size += piece.item.length;
        scope.items.push(piece.item);
      }
    }
    this.#pieces++;
    this.#items += piece.items;
  }

  /** Every part repeats the envelopes, so items fill at least half of it: all parts stay twice the input at most. */
  #limitFor({ resource, scope }: Piece): number {
    return Math.max(this.#maxBytes, 2 * (resource.size + scope.size));
  }

  finish(): readonly RequestPart[] {
    if (this.#pieces > 0) this.#close();
    return this.#parts;
  }

  /** Size of the part once it holds `piece`. */
  #sizeWith({ resource: around, scope: scopeAround, item }: Piece): number {
    const itemSize = item?.length ?? 0;
    const last = this.#resources.at(-1);
    if (last?.around !== around) {
      return this.#size + framed(around.size + framed(scopeAround.size + itemSize));
    }
    const scope = last.scopes.at(-1);
    const grown =
      scope?.around === scopeAround
        ? last.size - framed(scope.size) + framed(scope.size + itemSize)
        : last.size + framed(scopeAround.size + itemSize);
    return this.#size - framed(last.size) + framed(grown);
  }

  #close(): void {
    const writer = new ProtoWriter(this.#size + 16);
    for (const resource of this.#resources) {
      const resourceMark = writer.begin(RESOURCES);
      for (const bytes of resource.around.pieces) writer.raw(bytes);
      for (const scope of resource.scopes) {
        const scopeMark = writer.begin(SCOPES);
        for (const bytes of scope.around.pieces) writer.raw(bytes);
        for (const bytes of scope.items) writer.raw(bytes);
        writer.end(scopeMark);
      }
      writer.end(resourceMark);
    }
    this.#parts.push({ bytes: writer.finish(), items: this.#items });
    this.#resources = [];
    this.#items = 0;
    this.#pieces = 0;
    this.#size = 0;
  }
}
