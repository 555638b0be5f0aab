/** The parts of a line that depend on the severity alone, encoded once for each that is met. */
import { type Level, severityNumberOf } from './severity.ts';

const encoder = new TextEncoder();

/** The parts of a line that depend on the severity. */
export interface LevelParts {
  readonly number: number;
  readonly text: Uint8Array;
  readonly level: Level | undefined;
  /** What the line says. */
  readonly name: Level;
  readonly head: Uint8Array;
  readonly middle: Uint8Array;
  readonly extra: Uint8Array;
}

export function createLevelParts(number: number, text: string, level: Level): LevelParts {
  const extras: string[] = [];
  if (text !== '' && text.trim().toUpperCase() !== level)
    extras.push(`,"severity_text":${JSON.stringify(text)}`);
  if (number !== 0 && number !== severityNumberOf(level)) extras.push(`,"severity_number":${number}`);
  return {
    number,
    text: encoder.encode(text),
    level: undefined,
    name: level,
    head: encoder.encode(`","@level":"${level}","timestamp":"`),
    middle: encoder.encode(`","level":"${level}","message":`),
    extra: encoder.encode(extras.join('')),
  };
}
