/**
 * Corrects the text of a spec where a lint has a sure remedy, and leaves everything else, comments and
 * spacing included, as it is: fixed windows become `{{.window}}`, error queries that count good events
 * become all events less those.
 */
import type { ConfigNode } from '@sluice/config/config-node';
import { parseYaml } from '@sluice/config/parse-yaml';
import { checkQuery } from '../spec/check-sli.ts';
import { findInversion } from '../spec/find-inversion.ts';
import { hasWindow, renderProbe } from '../spec/window-variable.ts';

export interface Fix {
  readonly line: number;
  readonly message: string;
}

export interface FixedSpec {
  readonly source: string;
  readonly fixes: readonly Fix[];
}

interface Replacement {
  readonly node: ConfigNode;
  readonly query: string;
  readonly messages: readonly string[];
}

/** The file must have no errors. */
export function fixSpec(source: string, { file }: { readonly file: string }): FixedSpec {
  const { documents } = parseYaml(source, { file });
  const replacements = documents.flatMap(findReplacements).sort((a, b) => b.node.offset - a.node.offset);
  let fixed = source;
  for (const { node, query } of replacements) fixed = replaceScalar(fixed, node, query);
  const fixes = replacements
    .flatMap(({ node, messages }) => messages.map((message) => ({ line: node.line, message })))
    .sort((a, b) => a.line - b.line);
  return { source: fixed, fixes };
}

function findReplacements(node: ConfigNode): readonly Replacement[] {
  const entryOf = (...keys: readonly string[]): ConfigNode | undefined =>
    node.entries.find(({ key }) => keys.includes(key))?.value;
  const error = entryOf('error_query', 'errorQuery');
  const total = entryOf('total_query', 'totalQuery');
  const ratio = entryOf('error_ratio_query', 'errorRatioQuery');
  const found: Replacement[] = [];
  const widen = (place: ConfigNode | undefined): string | undefined => {
    if (place === undefined) return undefined;
    const query = checkQuery({ value: place.source, node: place });
    if (query === undefined || hasWindow(place.source)) return query;
    found.push({ node: place, query, messages: ['the fixed window is {{.window}} now'] });
    return query;
  };
  widen(ratio);
  const totalQuery = widen(total);
  const errorQuery = widen(error);
  if (error !== undefined && errorQuery !== undefined && totalQuery !== undefined) {
    const reason = findInversion(renderProbe(errorQuery), renderProbe(totalQuery));
    if (reason !== undefined) {
      const before = found.findIndex((replacement) => replacement.node === error);
      const messages = before < 0 ? [] : found.splice(before, 1)[0]!.messages;
      found.push({
        node: error,
        query: `(${totalQuery.trim()}) - (${errorQuery.trim()})`,
        messages: [...messages, `bad events are all less the good ones now: ${reason}`],
      });
    }
  }
  return [...found, ...[...node.entries.map(({ value }) => value), ...node.items].flatMap(findReplacements)];
}

/** A scalar's text in the file, by another in the style that suits it. */
function replaceScalar(source: string, { offset }: ConfigNode, query: string): string {
  const lineStart = source.lastIndexOf('\n', offset) + 1;
  const indent = ' '.repeat(keyColumn(source.slice(lineStart, offset)) + 2);
  const text = toScalar(query.trim(), { indent, isQuoted: /["']/.test(source[offset] ?? '') });
  return `${source.slice(0, offset)}${text}${source.slice(endOfScalar(source, offset))}`;
}

function toScalar(
  text: string,
  { indent, isQuoted }: { readonly indent: string; readonly isQuoted: boolean },
): string {
  if (text.includes('\n')) return `|\n${text.replaceAll(/^(?=.)/gm, indent)}`;
  const isPlain = !isQuoted && /^[A-Za-z(]/.test(text) && !/: |:$| #/.test(text);
  return isPlain ? text : `'${text.replaceAll("'", "''")}'`;
}

/** Behind the last character of the scalar that starts there; its key stands on the same line. */
function endOfScalar(source: string, start: number): number {
  const first = source[start];
  if (first === '"') return start + /^"(?:[^"\\]|\\[\s\S])*"/.exec(source.slice(start))![0].length;
  if (first === "'") return start + /^'(?:[^']|'')*'/.exec(source.slice(start))![0].length;
  const isBlock = first === '|' || first === '>';
  const lineStart = source.lastIndexOf('\n', start) + 1;
  const indent = keyColumn(source.slice(lineStart, start));
  const endOfLine = (at: number): number => {
    const end = source.indexOf('\n', at);
    return end < 0 ? source.length : end;
  };
  let end = endOfLine(start);
  let lastEnd = isBlock ? end : start + withoutComment(source.slice(start, end)).length;
  while (end < source.length) {
    const next = end + 1;
    end = endOfLine(next);
    const line = source.slice(next, end);
    if (line.trim() === '') continue;
    if (keyColumn(line) <= indent || (!isBlock && line.trim().startsWith('#'))) break;
    lastEnd = isBlock ? end : next + withoutComment(line).length;
  }
  return lastEnd;
}

/** Where the first key of a line stands, list dashes left out. */
function keyColumn(line: string): number {
  return /^[\s-]*/.exec(line)![0].length;
}

function withoutComment(line: string): string {
  return line.replace(/\s+#.*$/, '').trimEnd();
}
