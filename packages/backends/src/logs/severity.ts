/** The level of a record, from what the source said or, if it said nothing, from what the message looks like. */
export const LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL', 'AUDIT', 'SECURITY'] as const;
export type Level = (typeof LEVELS)[number];

/** OTLP logs data model § Field SeverityNumber: four numbers a level, the first is the level itself. */
const BY_NUMBER: readonly Level[] = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];

const BY_TEXT: Readonly<Record<string, Level>> = {
  TRACE: 'TRACE',
  FINEST: 'TRACE',
  FINER: 'TRACE',
  VERBOSE: 'TRACE',
  DEBUG: 'DEBUG',
  FINE: 'DEBUG',
  INFO: 'INFO',
  INFORMATION: 'INFO',
  INFORMATIONAL: 'INFO',
  NOTICE: 'INFO',
  LOG: 'INFO',
  WARN: 'WARN',
  WARNING: 'WARN',
  ERROR: 'ERROR',
  ERR: 'ERROR',
  SEVERE: 'ERROR',
  FATAL: 'FATAL',
  CRITICAL: 'FATAL',
  CRIT: 'FATAL',
  ALERT: 'FATAL',
  EMERG: 'FATAL',
  EMERGENCY: 'FATAL',
  PANIC: 'FATAL',
  AUDIT: 'AUDIT',
  SECURITY: 'SECURITY',
}; // prettier-ignore

/** How many characters and words of a message are looked at. */
const PREFIX_CHARS = 200;
const PREFIX_WORDS = 5;
const WORD_PATTERN =
  /^[[(<|"']*(TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|SEVERE|FATAL|CRITICAL|PANIC|AUDIT|SECURITY)[\])>|:,"']*$/;
const KEYED_PATTERN = /(?:^|[\s{,"])(?:level|lvl|severity)"?[=:]\s?"?([A-Za-z]{3,13})/;

export function levelOfText(text: string): Level | undefined {
  const key = text.trim().toUpperCase();
  return Object.hasOwn(BY_TEXT, key) ? BY_TEXT[key] : undefined;
}

/** AUDIT and SECURITY have no number in OTLP: the text decides. Otherwise the number does, then the text. */
export function levelOf(severityNumber: number, severityText: string): Level | undefined {
  const named = levelOfText(severityText);
  if (named === 'AUDIT' || named === 'SECURITY') return named;
  if (severityNumber >= 1 && severityNumber <= 24) return BY_NUMBER[(severityNumber - 1) >> 2];
  return named;
}

/** The severity number that a level stands for; what differs from it is worth keeping. */
export function severityNumberOf(level: Level): number {
  const index = BY_NUMBER.indexOf(level);
  return index < 0 ? 9 : index * 4 + 1;
}

/** From the first words of a message: `ERROR …`, `[warn] …`, `2026-01-01 12:00:00 ERROR …`, `level=error …`. */
export function inferLevel(message: string): Level | undefined {
  const prefix = message.slice(0, PREFIX_CHARS);
  if (/^Traceback \(most recent call last\)/.test(prefix)) return 'ERROR';
  const keyed = KEYED_PATTERN.exec(prefix);
  const fromKey = keyed === null ? undefined : levelOfText(keyed[1]!);
  if (fromKey !== undefined) return fromKey;
  for (const word of prefix.split(/\s+/, PREFIX_WORDS)) {
    const match = WORD_PATTERN.exec(/^\[[a-z]+\]:?$/.test(word) ? word.toUpperCase() : word);
    if (match !== null) return levelOfText(match[1]!);
  }
  return undefined;
}
