/** YAML text into documents with positions; faults of the syntax are reported like all others. */
import { LineCounter, parseAllDocuments } from 'yaml';
import { ConfigNode } from './config-node.ts';
import type { Problem } from './problem.ts';

export interface ParsedYaml {
  /** One per `---` document; none of those that are empty or broken. */
  readonly documents: readonly ConfigNode[];
  /** Decoders add to it. */
  readonly problems: Problem[];
}

/** Larger files are refused; no hand-written configuration comes near it. */
export const MAX_CONFIG_BYTES = 4 * 1024 * 1024;

/**
 * YAML 1.2 with merge keys. Aliases are bounded, so that a small file cannot unfold into a huge one.
 * JSON is YAML, so it is read as well.
 */
export function parseYaml(text: string, { file }: { readonly file: string }): ParsedYaml {
  const problems: Problem[] = [];
  const at = (line: number, column: number, message: string): void =>
    void problems.push({ file, line, column, path: '', message, severity: 'error' });
  if (Buffer.byteLength(text) > MAX_CONFIG_BYTES) {
    at(1, 1, `the file is larger than ${MAX_CONFIG_BYTES / 1_048_576} MiB`);
    return { documents: [], problems };
  }
  const lines = new LineCounter();
  const parsed = parseAllDocuments(text, {
    lineCounter: lines,
    merge: false,
    uniqueKeys: true,
    prettyErrors: false,
    logLevel: 'silent',
  });
  const documents: ConfigNode[] = [];
  for (const document of Array.isArray(parsed) ? parsed : []) {
    for (const error of [...document.errors, ...document.warnings]) {
      const { line, col } = lines.linePos(error.pos[0]);
      at(line, col, error.message);
    }
    if (document.errors.length > 0 || document.contents === null) continue;
    if (countAliases(text) > MAX_ALIASES) {
      at(1, 1, `more than ${MAX_ALIASES} aliases`);
      continue;
    }
    documents.push(
      new ConfigNode({ file, source: text, document, lines, problems }, document.contents, {
        path: '',
        fallbackOffset: 0,
      }),
    );
  }
  return { documents, problems };
}

const MAX_ALIASES = 1_000;

/** An upper bound: every alias is a `*` before a name. */
function countAliases(text: string): number {
  return text.match(/(^|[\s,[{:-])\*[^\s*]/g)?.length ?? 0;
}
