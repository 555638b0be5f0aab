/** Audit events are recorded once, sealed, proved and read. */
import { expect } from 'vitest';
import { eventuallyAtTick } from '../pipeline.ts';
import { eventually } from '../pipeline-client.ts';
import { auditEvents, callAudit, postAudit } from './audit-client.ts';
import type { Scenario } from './scenario.ts';

export const AUDIT_SCENARIOS: readonly Scenario[] = [
  {
    name: 'audit events are recorded once and in order, sealed, and the trail proves itself',
    async run(pipeline) {
      const type = `TRAIL_${pipeline.seed}`;
      const actions = Array.from({ length: 12 }, (_, i) => `${type}-${String(i).padStart(2, '0')}`);
      const events = actions.map((action) => ({ id: action, type, action, actor: { id: 'u1' } }));
      for (const event of events) expect(await postAudit(pipeline, event)).toBe(200);
      // Again, one by one and together: what has an id is known.
      expect(await postAudit(pipeline, events.slice(0, 5))).toBe(200);
      await eventually('the events', async () =>
        (await auditEvents(pipeline, type)).length >= actions.length ? true : undefined,
      );
      await pipeline.tick();
      const rows = await auditEvents(pipeline, type);
      expect(rows.map(({ action }) => action)).toEqual(actions);

      const proof = await eventuallyAtTick(pipeline, 'the seal', async () => {
        const { status, body } = await callAudit(pipeline, 'GET', `/events/${rows[3]!.id}/proof`);
        return status === 200 ? body : undefined;
      });
      expect(proof).toMatchObject({ key: expect.any(String) });
      const { body } = await callAudit(pipeline, 'GET', '/checkpoints');
      expect(JSON.stringify(body)).toContain('sluice-audit');
      const verdict = await callAudit(pipeline, 'POST', '/verify');
      expect(verdict).toMatchObject({ status: 200, body: { ok: true, findings: [] } });
      // Copies of the events are among the logs.
      await eventually('the copies', async () =>
        (await pipeline.findLines({ text: actions[11]! })).length > 0 ? true : undefined,
      );
    },
  },
];
