/** The audit APIs as scenarios call them. */
import type { Pipeline } from '../pipeline.ts';

type Target = Pick<Pipeline, 'ingestUrl' | 'apiUrl' | 'headers'>;

/** One event or several; answers the status, 0 for a connection that broke. */
export async function postAudit(
  { ingestUrl, headers }: Pick<Target, 'ingestUrl' | 'headers'>,
  events: object,
): Promise<number> {
  try {
    const response = await fetch(`${ingestUrl}/v1/audit`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(events),
    });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return 0;
  }
}

export async function callAudit(
  { apiUrl, headers }: Pick<Target, 'apiUrl' | 'headers'>,
  method: 'GET' | 'POST',
  path: string,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const response = await fetch(`${apiUrl}/v1/audit${path}`, { method, headers });
  return { status: response.status, body: await response.json() };
}

export interface AuditRow {
  /** That of the trail, made of the sender's. */
  readonly id: string;
  readonly action: string;
}

/** All events of the type, oldest first. */
export async function auditEvents(target: Target, type: string): Promise<readonly AuditRow[]> {
  const rows: AuditRow[] = [];
  let cursor = '';
  do {
    const next = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const question = `?type=${type}&order=oldest&limit=1000&consistent=true${next}`;
    const { status, body } = await callAudit(target, 'GET', `/events${question}`);
    if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
    const page = body as { readonly events: readonly AuditRow[]; readonly cursor?: string };
    rows.push(...page.events);
    cursor = page.events.length === 0 ? '' : (page.cursor ?? '');
  } while (cursor !== '');
  return rows;
}
