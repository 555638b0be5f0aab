/** Which of the two text formats a scraper gets, by its Accept header (RFC 9110 § 12.5.1). */
export type ExpositionFormat = 'prometheus' | 'openmetrics';

export const CONTENT_TYPE: Readonly<Record<ExpositionFormat, string>> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

interface Preference {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly quality: number;
}

/** OpenMetrics where it is preferred over plain text; plain text for everything else, and for nothing at all. */
export function negotiateFormat(accept: string | null | undefined): ExpositionFormat {
  const preferences = (accept ?? '').split(',').map(parsePreference);
  const openmetrics = qualityOf(preferences, 'application', 'openmetrics-text');
  const text = qualityOf(preferences, 'text', 'plain');
  return openmetrics > 0 && openmetrics >= text && isNamed(preferences, 'application/openmetrics-text')
    ? 'openmetrics'
    : 'prometheus';
}

/** The most specific range that matches decides; versions that are not spoken do not match. */
function qualityOf(preferences: readonly Preference[], main: string, sub: string): number {
  for (const range of [`${main}/${sub}`, `${main}/*`, '*/*']) {
    const own = preferences.filter(({ type, parameters }) => type === range && isSpoken(type, parameters));
    if (own.length > 0) return Math.max(...own.map(({ quality }) => quality));
  }
  return 0;
}

/** A wildcard alone is a browser or curl: they get what people can read. */
function isNamed(preferences: readonly Preference[], type: string): boolean {
  return preferences.some((preference) => preference.type === type && isSpoken(type, preference.parameters));
}

function isSpoken(type: string, parameters: ReadonlyMap<string, string>): boolean {
  const version = parameters.get('version');
  if (version === undefined) return true;
  if (type === 'application/openmetrics-text') return version === '1.0.0' || version === '0.0.1';
  return type !== 'text/plain' || version === '0.0.4';
}

function parsePreference(text: string): Preference {
  const [type = '', ...rest] = text.split(';').map((part) => part.trim().toLowerCase());
  const parameters = new Map<string, string>();
  for (const part of rest) {
    const at = part.indexOf('=');
    if (at > 0)
      parameters.set(
        part.slice(0, at).trim(),
        part
          .slice(at + 1)
          .trim()
          .replaceAll('"', ''),
      );
  }
  const quality = Number(parameters.get('q') ?? '1');
  return { type, parameters, quality: quality >= 0 && quality <= 1 ? quality : 0 };
}
