/**
 * The tags of a search, in each of the forms that clients send: `tags={"error":"true"}` (Jaeger UI, Grafana),
 * `tags=error=true http.status_code=500` (logfmt, as people type it), `tag=error:true` (once per tag).
 */
import { ParameterError } from './parameter-error.ts';

/** @throws ParameterError naming the parameter and what it should look like. */
export function parseTags(tag: readonly string[], tags: readonly string[]): ReadonlyMap<string, string> {
  const parsed = new Map<string, string>();
  for (const text of tag) {
    const colon = text.indexOf(':');
    if (colon < 0)
      throw new ParameterError(`malformed 'tag' parameter, expecting key:value, received: ${text}`);
    parsed.set(text.slice(0, colon), text.slice(colon + 1));
  }
  for (const text of tags) {
    const entries = text.trimStart().startsWith('{') ? parseJsonTags(text) : parseLogfmt(text);
    for (const [key, value] of entries) parsed.set(key, value);
  }
  return parsed;
}

function parseJsonTags(text: string): readonly (readonly [string, string])[] {
  let object: unknown;
  try {
    object = JSON.parse(text);
  } catch (cause) {
    throw new ParameterError(
      `malformed 'tags' parameter, cannot unmarshal JSON: ${(cause as Error).message}`,
    );
  }
  return Object.entries(object as Record<string, unknown>).map(([key, value]) => {
    if (typeof value === 'object') {
      throw new ParameterError(
        `malformed 'tags' parameter, the value of "${key}" is neither text, number nor bool`,
      );
    }
    return [key, String(value)];
  });
}

/** A key alone means `true`; quotes hold blanks together. */
function parseLogfmt(text: string): readonly (readonly [string, string])[] {
  const pair = /([^\s=]+)(?:=("(?:[^"\\]|\\.)*"|\S*))?/g;
  return [...text.matchAll(pair)].map(([, key, value = 'true']) => [key!, unquote(value)]);
}

function unquote(value: string): string {
  if (!/^".*"$/s.test(value)) return value;
  return value.slice(1, -1).replaceAll(/\\(.)/gs, '$1');
}
