/** A request that is refused: what Alertmanager's server answers, down to the code in the body. */
import type { Context } from 'hono';

type RefusalStatus = 400 | 404 | 409 | 413 | 422 | 500 | 503;

export class ApiRefusal extends Error {
  override readonly name = 'ApiRefusal';
  readonly status: RefusalStatus;
  /** Set for faults of the body's form, which are answered as `{code, message}`; all others are a JSON text. */
  readonly code: number | undefined;

  constructor(status: RefusalStatus, message: string, code?: number) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Codes of the OpenAPI runtime that Alertmanager is built on (go-openapi/errors). */
export const FORM_CODE = { invalidType: 601, required: 602, invalidValue: 606 } as const;

export function answerRefusal(c: Context, error: unknown): Response | undefined {
  if (!(error instanceof ApiRefusal)) return undefined;
  const { status, code, message } = error;
  return code === undefined ? c.json(message, status) : c.json({ code, message }, status);
}

/** Of a body: Alertmanager has no limit; one is needed where anybody may post. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

/** @throws ApiRefusal */
export async function readJson(c: Context, name: string): Promise<unknown> {
  const text = await c.req.text();
  if (text.length > MAX_BODY_BYTES) throw new ApiRefusal(413, `the body is larger than 16 MiB`);
  try {
    return JSON.parse(text);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new ApiRefusal(400, `parsing ${name} body from "" failed, because ${said}`, 400);
  }
}
