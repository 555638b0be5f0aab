/** UCUM units as words of Prometheus metric names (OpenTelemetry Collector, Prometheus translator). */

const MAIN_UNITS: Readonly<Record<string, string>> = {
  d: 'days',
  h: 'hours',
  min: 'minutes',
  s: 'seconds',
  ms: 'milliseconds',
  us: 'microseconds',
  ns: 'nanoseconds',
  By: 'bytes',
  KiBy: 'kibibytes',
  MiBy: 'mebibytes',
  GiBy: 'gibibytes',
  TiBy: 'tibibytes',
  KBy: 'kilobytes',
  kBy: 'kilobytes',
  MBy: 'megabytes',
  GBy: 'gigabytes',
  TBy: 'terabytes',
  m: 'meters',
  V: 'volts',
  A: 'amperes',
  J: 'joules',
  W: 'watts',
  g: 'grams',
  Cel: 'celsius',
  Hz: 'hertz',
  '%': 'percent',
  '1': '',
};

const PER_UNITS: Readonly<Record<string, string>> = {
  s: 'second',
  m: 'minute',
  min: 'minute',
  h: 'hour',
  d: 'day',
  w: 'week',
  mo: 'month',
  y: 'year',
};

/** `By/s` → bytes, second. Annotations in braces say nothing; unknown units stand for themselves. */
export function unitSuffixes(unit: string): { readonly main: string; readonly per: string } {
  const slash = unit.indexOf('/');
  const mainText = (slash < 0 ? unit : unit.slice(0, slash)).trim();
  const perText = slash < 0 ? '' : unit.slice(slash + 1).trim();
  return { main: toWord(mainText, MAIN_UNITS), per: toWord(perText, PER_UNITS) };
}

function toWord(unit: string, words: Readonly<Record<string, string>>): string {
  if (unit.includes('{') || unit.includes('}')) return '';
  const word = Object.hasOwn(words, unit) ? words[unit]! : unit;
  return word
    .split(/[^a-zA-Z0-9]+/)
    .filter((token) => token !== '')
    .join('_');
}
