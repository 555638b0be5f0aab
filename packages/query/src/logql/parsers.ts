/** The parser stages: they find labels in the line. What cannot be parsed is kept, with an error label. */
import { createLinearRegex } from '@sluice/backends/linear-regex';
import type { Extraction, Stage } from './ast.ts';
import type { Entry } from './entry.ts';
import { createPatternParser } from './pattern-matcher.ts';
import { scanJson } from './scan-json.ts';

export type EntryChange = (entry: Entry) => void;

/** Of a label name: what Prometheus allows. */
export function sanitizeName(name: string): string {
  const clean = name.replaceAll(/[^A-Za-z0-9_]/g, '_');
  return /^\d/.test(clean) ? `_${clean}` : clean;
}

/** Nested names are joined by `_`; arrays and nulls are left out. */
export function createJsonParser(extractions: readonly Extraction[]): EntryChange {
  if (extractions.length > 0) return createJsonExtractor(extractions);
  return (entry) => {
    const end = scanJson(entry.line, {
      isWanted: () => true,
      value: (path, text, kind) => {
        if (kind !== 'array' && kind !== 'null') entry.extract(sanitizeName(path.join('_')), text);
      },
    });
    if (end === undefined)
      entry.fail('JSONParserErr', "Value looks like object, but can't find closing '}' symbol");
  };
}

function createJsonExtractor(extractions: readonly Extraction[]): EntryChange {
  const wanted = extractions.map(({ label, path }) => ({ label, path: parsePath(path) }));
  return (entry) => {
    const end = scanJson(entry.line, { isWanted: () => false, value: () => {} });
    if (end === undefined) return entry.fail('JSONParserErr', 'the line does not start with a JSON object');
    const value: unknown = JSON.parse(entry.line.slice(0, end));
    for (const { label, path } of wanted) {
      let current: unknown = value;
      for (const step of path) {
        current =
          typeof current === 'object' && current !== null
            ? (current as Record<string, unknown>)[step]
            : undefined;
      }
      if (current === undefined || current === null) continue;
      entry.extract(label, typeof current === 'object' ? JSON.stringify(current) : String(current));
    }
  };
}

/** `request.headers["x-id"][0]` → its steps. */
function parsePath(path: string): readonly string[] {
  const steps: string[] = [];
  const step = /\.?([A-Za-z_@][\w@-]*)|\[(\d+)\]|\[\\?"([^"]*?)\\?"\]/y;
  while (step.lastIndex < path.length) {
    const match = step.exec(path);
    if (match === null) return [path];
    steps.push(match[1] ?? match[2] ?? match[3]!);
  }
  return steps;
}

export function createLogfmtParser({
  extractions,
  isStrict,
  keepsEmpty,
}: Extract<Stage, { kind: 'logfmt' }>): EntryChange {
  const names = new Map(extractions.map(({ label, path }) => [path, label]));
  return (entry) => {
    const isSound = scanLogfmt(entry.line, (key, value) => {
      const label = names.size === 0 ? sanitizeName(key) : names.get(key);
      if (label !== undefined && (value !== '' || keepsEmpty)) entry.extract(label, value);
    });
    if (!isSound && isStrict) entry.fail('LogfmtParserErr', 'the line is not logfmt');
  };
}

const PAIR = /\s*([^\s="]+)(?:=("(?:[^"\\]|\\.)*"|[^\s"]*))?(?=\s|$)/y;

/** Calls `found` for every `key=value`; what does not fit is passed over, word by word. */
export function scanLogfmt(line: string, found: (key: string, value: string) => void): boolean {
  let isSound = true;
  let at = 0;
  while (at < line.length) {
    PAIR.lastIndex = at;
    const match = PAIR.exec(line);
    if (match === null) {
      isSound = isSound && line.slice(at).trim() === '';
      const space = line.slice(at + 1).search(/\s/);
      if (space < 0) break;
      at += 1 + space;
      continue;
    }
    at = PAIR.lastIndex;
    const raw = match[2] ?? '';
    found(match[1]!, raw.startsWith('"') ? unquote(raw) : raw);
  }
  return isSound;
}

function unquote(text: string): string {
  try {
    return JSON.parse(text) as string;
  } catch {
    return text.slice(1, -1);
  }
}

export function createRegexpParser(pattern: string): EntryChange {
  const regex = createLinearRegex(pattern);
  return (entry) => {
    const groups = regex.exec(entry.line);
    if (groups === undefined) return;
    regex.groupNames.forEach((name, i) => {
      const value = groups[i];
      if (name !== undefined && value !== undefined && value !== null)
        entry.extract(sanitizeName(name), value);
    });
  };
}

export function createPatternStage(pattern: string): EntryChange {
  const parse = createPatternParser(pattern);
  return (entry) => {
    for (const [name, value] of parse(entry.line)) entry.extract(name, value);
  };
}

/** The reverse of Promtail's pack: top-level texts become labels, `_entry` the line. */
export function createUnpacker(): EntryChange {
  return (entry) => {
    let line: string | undefined;
    const end = scanJson(entry.line, {
      isWanted: (path) => path.length === 1,
      value: (path, text, kind) => {
        if (kind !== 'string') return;
        if (path[0] === '_entry') line = text;
        else entry.extract(sanitizeName(path[0]!), text);
      },
    });
    if (end === undefined) entry.fail('JSONParserErr', 'the line does not start with a JSON object');
    else if (line !== undefined) entry.line = line;
  };
}
