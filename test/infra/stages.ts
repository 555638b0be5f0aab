/** What is deployed in the tests: three stages, and each way in. */
import type { ProgramInput } from './run-program.ts';

const BACKENDS = {
  SLUICE_TEMPO_URL: 'https://tempo.example.net/otlp',
  SLUICE_LOKI_URL: 'https://loki.example.net',
  SLUICE_MIMIR_URL: 'https://mimir.example.net/api/prom/push',
};
const CERTIFICATE = 'arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-4000-8000-000000000000';

export const STAGES = {
  dev: { SLUICE_TEMPO_URL: BACKENDS.SLUICE_TEMPO_URL },
  staging: { ...BACKENDS, SLUICE_ALARM_EMAIL: 'alarms@example.net' },
  production: {
    ...BACKENDS,
    SLUICE_ALARM_EMAIL: 'alarms@example.net',
    SLUICE_MONTHLY_BUDGET: '50',
    SLUICE_INGEST_CONCURRENCY: '100',
  },
} as const;
export type StageName = keyof typeof STAGES;
export const STAGE_NAMES = Object.keys(STAGES) as readonly StageName[];
export const EDGES = ['url', 'http-api', 'cdn'] as const;
export type Edge = (typeof EDGES)[number];

export function inputFor(stage: StageName, edge: Edge, domain = ''): ProgramInput {
  const named = domain === '' ? {} : { SLUICE_DOMAIN: domain, SLUICE_CERTIFICATE_ARN: CERTIFICATE };
  return { stage, env: { ...STAGES[stage], SLUICE_EDGE: edge, ...named } };
}
