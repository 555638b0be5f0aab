/** Fields of JSON bodies, checked as Alertmanager's server does. */
import { ApiRefusal, FORM_CODE } from './api-refusal.ts';

type Fields = Readonly<Record<string, unknown>>;

/** @throws ApiRefusal */
export function asFields(value: unknown, place: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new ApiRefusal(400, `parsing ${place} failed, because it is no JSON object`, 400);
}

/** @throws ApiRefusal when it is missing or no text */
export function textField(fields: Fields, name: string, place: string): string {
  const value = fields[name];
  if (typeof value === 'string') return value;
  throw value === undefined || value === null
    ? missing(`${place}${name}`)
    : new ApiRefusal(400, `parsing ${place}${name} failed, because it is no text`, 400);
}

/** @throws ApiRefusal when it is missing or no map of texts */
export function textMapField(fields: Fields, name: string, place: string): Readonly<Record<string, string>> {
  const value = fields[name];
  if (value === undefined || value === null) throw missing(`${place}${name}`);
  const entries = Object.entries(asFields(value, `${place}${name}`));
  for (const [key, text] of entries)
    if (typeof text !== 'string')
      throw new ApiRefusal(400, `parsing ${place}${name}.${key} failed, because it is no text`, 400);
  return Object.fromEntries(entries) as Record<string, string>;
}

const RFC3339 = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:?\d{2})$/;

/** Unix milliseconds; undefined when it is not given, or Go's zero time. @throws ApiRefusal */
export function timeField(fields: Fields, name: string, place: string): number | undefined {
  const value = fields[name];
  if (value === undefined || value === null || value === '') return undefined;
  const timeMs = typeof value === 'string' && RFC3339.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(timeMs))
    throw new ApiRefusal(
      400,
      `parsing ${place}${name} failed, because ${JSON.stringify(value)} is no RFC 3339 time`,
      400,
    );
  return new Date(timeMs).getUTCFullYear() <= 1 ? undefined : timeMs;
}

export function missing(place: string): ApiRefusal {
  return new ApiRefusal(422, `${place} in body is required`, FORM_CODE.required);
}

/** Milliseconds, as Alertmanager's API writes times. */
export function toWireTime(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
