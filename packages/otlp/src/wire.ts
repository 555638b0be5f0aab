/** The protobuf wire format's own numbers (protobuf.dev, "Encoding"). */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, startGroup: 3, endGroup: 4, fixed32: 5 } as const;

/**
 * Levels of AnyValue inside AnyValue that are read, and levels of groups in unknown fields: the depth at
 * which most protobuf decoders stop, so that what is accepted here can be read behind us.
 */
export const MAX_NESTING = 100;
