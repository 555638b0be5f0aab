/**
 * Logs as the source systems write them (device gateway, API gateway, workflow agent), from a seed, with the
 * plain facts beside them: what a query must find is calculated from these facts alone.
 */
import type { PlainAttributes, PlainLogs } from '@sluice/backends/testing/log-requests';
import { createRandom } from '@sluice/core/testing/random';

export interface DemoFact {
  readonly service: string;
  readonly timeNs: bigint;
  readonly level: 'INFO' | 'WARN' | 'ERROR' | 'AUDIT' | 'SECURITY';
  readonly message: string;
  readonly trackingId: string;
  readonly attributes: PlainAttributes;
}

const SEVERITY = { INFO: 9, WARN: 13, ERROR: 17, AUDIT: 9, SECURITY: 13 } as const;
const SERVICES = ['titan-core', 'api-gateway', 'workflow-agent'] as const;
const ERRORS = ['TimeoutError', 'ValidationError', 'UpstreamError'];

export function makeDemoFacts(options: {
  readonly count: number;
  readonly seed: number;
  readonly endNs: bigint;
}): readonly DemoFact[] {
  const random = createRandom(options.seed);
  return Array.from({ length: options.count }, (_, i) => {
    const service = random.pick(SERVICES);
    const level = random.pick(['INFO', 'INFO', 'INFO', 'WARN', 'ERROR', 'AUDIT', 'SECURITY'] as const);
    const attributes: Record<string, string | number | bigint> = {};
    if (service === 'titan-core') {
      attributes.device_id = `DEV-00${random.below(4)}`;
      attributes.batch_id = `BATCH-00${random.below(4)}`;
    } else {
      attributes['request.path'] = random.pick(['/login', '/orders', '/agents']);
      attributes['request.duration'] = random.below(3000) / 1000;
      if (random.chance(0.7)) attributes['user.id'] = `user-${random.pick(['122', '123', '124'])}`;
    }
    if (service === 'workflow-agent') attributes.workflow_id = `wf-${120 + random.below(6)}`;
    if (level === 'ERROR') {
      attributes['exception.type'] = random.pick(ERRORS);
      attributes['exception.message'] = 'it broke';
    }
    return {
      service,
      timeNs: options.endNs - BigInt(options.count - i) * 1_000_000_000n - BigInt(random.below(900_000_000)),
      level,
      message: random.pick([
        'hardware event: door opened',
        'request handled',
        'step finished',
        'retrying after ERROR code 7',
      ]),
      trackingId: random.pick(['abc123', 'abc123def456', `t${random.below(1000)}`]),
      attributes,
    };
  });
}

export function toPlainLogs(facts: readonly DemoFact[]): readonly PlainLogs[] {
  return SERVICES.map((service) => ({
    resource: { 'service.name': service },
    records: facts
      .filter((fact) => fact.service === service)
      .map(({ timeNs, level, message, trackingId, attributes }) => ({
        timeNs,
        severityNumber: SEVERITY[level],
        severityText: level,
        body: message,
        attributes: { ...attributes, tracking_id: trackingId },
      })),
  }));
}
