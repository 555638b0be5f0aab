/** Functions on text that Prometheus and Alertmanager share. Regular expressions are RE2: linear in the text. */
import { RE2JS } from 're2js';
import { printValue } from './go-print.ts';
import { type GoFunction, type GoValue, SafeHtml } from './go-value.ts';

export const TEXT_FUNCTIONS: Readonly<Record<string, GoFunction>> = {
  toUpper: (text) => toText(text).toUpperCase(),
  toLower: (text) => toText(text).toLowerCase(),
  title: (text) => toTitle(toText(text)),
  trimSpace: (text) => toText(text).trim(),
  match: (pattern, text) => compile(toText(pattern)).matcher(toText(text)).find(),
  reReplaceAll: (pattern, replacement, text) =>
    compile(toText(pattern))
      .matcher(toText(text))
      .replaceAll(toReplacement(toText(replacement)), true),
  safeHtml: (text) => new SafeHtml(toText(text)),
};

/** Each word's first letter in upper case (`strings.Title`). */
export function toTitle(text: string): string {
  return text.replaceAll(
    /(^|[^\p{L}\p{N}_'])(\p{L})/gu,
    (_, before: string, letter: string) => before + letter.toUpperCase(),
  );
}

/** What a function takes for a string parameter. */
export function toText(value: GoValue): string {
  if (value instanceof SafeHtml) return value.html;
  return value === undefined || value === null ? '' : printValue(value);
}

/** @throws Error in Go's words */
function compile(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (cause) {
    const said =
      cause instanceof Error ? cause.message.replace(/^error parsing regexp: /, '') : String(cause);
    throw new Error(`error parsing regexp: ${said}`, { cause });
  }
}

/** Go's `$1`, `$name` and `${name}` in the form that re2js takes. */
function toReplacement(text: string): string {
  return text
    .replaceAll(/\$\{(\d+)\}/g, '$$$1')
    .replaceAll(/\$(\w+)/g, (_, name: string) => (/^\d+$/.test(name) ? `$${name}` : `\${${name}}`));
}
