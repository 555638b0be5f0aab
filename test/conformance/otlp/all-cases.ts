/** Every theme of the suite, in the order in which it runs. */
import { compression } from './cases/compression.ts';
import { connections } from './cases/connections.ts';
import { items } from './cases/items.ts';
import { jsonMapping } from './cases/json-mapping.ts';
import { keys } from './cases/keys.ts';
import { limits } from './cases/limits.ts';
import { malformedProtobuf } from './cases/malformed-protobuf.ts';
import { mediaTypes } from './cases/media-types.ts';
import { methodsAndPaths } from './cases/methods-and-paths.ts';
import { success } from './cases/success.ts';
import { wrongSignal } from './cases/wrong-signal.ts';
import type { Theme } from './conformance-case.ts';

export const THEMES: readonly Theme[] = [
  success,
  mediaTypes,
  compression,
  malformedProtobuf,
  jsonMapping,
  items,
  wrongSignal,
  methodsAndPaths,
  keys,
  connections,
  limits,
];
