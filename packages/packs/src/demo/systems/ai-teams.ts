/** AI Teams: an API gateway before agents that plan and run workflows. */
import { around, wave, whole } from './amounts.ts';
import { HTTP_METRICS, httpActivities, httpInProgress, type Route } from './http-traffic.ts';
import { PROCESS_METRICS, processUsage } from './process-usage.ts';
import type { Activity, Effect, MetricSpec, System, Target } from './system.ts';
import { during, nowAndThen } from './troubles.ts';

const failingChat = nowAndThen(
  'chat-agent',
  { everySeconds: 600, fromSeconds: 30, forSeconds: 180 },
  (who) => `${who} fails, the gateway answers 502`,
);
const slowModel = nowAndThen(
  'the model',
  { everySeconds: 900, fromSeconds: 240, forSeconds: 300 },
  (who) => `${who} is slow, workflows wait`,
);

const TOKENS_METRIC = {
  ai_tokens_used_total: { kind: 'counter', help: 'Tokens by model' },
} as const satisfies Record<string, MetricSpec>;

const SESSIONS_METRIC = {
  active_sessions: { kind: 'gauge', help: 'Sessions that are open' },
} as const satisfies Record<string, MetricSpec>;

function tokens(perSecond: Readonly<Record<string, number>>): readonly Activity[] {
  return Object.entries(perSecond).map(([model, rate]) => ({
    perSecond: wave(rate),
    effects: [['ai_tokens_used_total', { model }, whole(around(700, 0.7))]],
  }));
}

const GATEWAY_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/api/app/sessions',
    perSecond: wave(4),
    medianSeconds: 0.05,
    shares: { 404: 0.05 },
  },
  {
    method: 'POST',
    path: '/api/app/chat/stream',
    perSecond: wave(2.5, { phase: 0.4 }),
    medianSeconds: during(slowModel, { struck: 1.9, else: 0.45 }),
    shares: { 500: 0.003, 502: during(failingChat, { struck: 0.25, else: 0.002 }) },
  },
  {
    method: 'POST',
    path: '/api/app/workflows',
    perSecond: wave(0.8),
    medianSeconds: during(slowModel, { struck: 2.2, else: 0.3 }),
    shares: { 500: during(failingChat, { struck: 0.05, else: 0.004 }) },
  },
];

const gateway: Target = {
  job: 'api-gateway',
  instances: ['api-gateway-1:8000', 'api-gateway-2:8000'],
  labels: { service: 'api-gateway' },
  metrics: { ...HTTP_METRICS, ...PROCESS_METRICS, ...TOKENS_METRIC, ...SESSIONS_METRIC },
  activities: [...httpActivities(GATEWAY_ROUTES), ...tokens({ 'gpt-4': 0.2 })],
  everySecond: [
    ...httpInProgress(GATEWAY_ROUTES),
    ...processUsage({ residentMib: wave(290, { swing: 0.1 }), cores: 0.35 }),
    ['active_sessions', {}, whole(wave(42))],
  ],
};

const WORKFLOW_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/generate',
    perSecond: wave(0.8),
    medianSeconds: during(slowModel, { struck: 1.7, else: 0.25 }),
    shares: { 500: 0.01 },
  },
];

const WORKFLOW_TYPES = { content_generation: 0.5, data_analysis: 0.25, customer_support: 0.4 } as const;

const workflowRuns: readonly Activity[] = Object.entries(WORKFLOW_TYPES).flatMap(
  ([workflow_type, perSecond]) =>
    [
      { status: 'success', share: during(failingChat, { struck: perSecond * 0.7, else: perSecond * 0.97 }) },
      { status: 'failed', share: during(failingChat, { struck: perSecond * 0.3, else: perSecond * 0.03 }) },
    ].map(
      ({ status, share }): Activity => ({
        perSecond: share,
        effects: [
          ['workflow_executions_total', { workflow_type, status }],
          [
            'workflow_duration_seconds',
            { workflow_type },
            around(during(slowModel, { struck: 22, else: 4 }), 0.7),
          ],
        ],
      }),
    ),
);

const activeWorkflows: readonly Effect[] = [
  ['active_workflows', { status: 'running' }, whole(during(slowModel, { struck: 28, else: wave(6) }))],
  ['active_workflows', { status: 'pending' }, whole(during(slowModel, { struck: 17, else: wave(2) }))],
  ['active_workflows', { status: 'paused' }, 1],
];

const workflowAgent: Target = {
  job: 'workflow-agent',
  instances: ['workflow-agent:8001'],
  labels: { service: 'workflow-agent' },
  metrics: {
    ...HTTP_METRICS,
    ...PROCESS_METRICS,
    ...TOKENS_METRIC,
    ...SESSIONS_METRIC,
    workflow_executions_total: { kind: 'counter', help: 'Workflows by how they ended' },
    workflow_duration_seconds: {
      kind: 'histogram',
      help: 'Time of workflows',
      unit: 's',
      bounds: [0.5, 1, 2.5, 5, 10, 30, 60, 120],
    },
    active_workflows: { kind: 'gauge', help: 'Workflows by state' },
  },
  activities: [
    ...httpActivities(WORKFLOW_ROUTES),
    ...workflowRuns,
    ...tokens({ 'gpt-4': 0.6, 'gpt-3.5-turbo': 1.1, 'claude-3': 0.5 }),
  ],
  everySecond: [
    ...httpInProgress(WORKFLOW_ROUTES),
    ...processUsage({ residentMib: during(slowModel, { struck: 900, else: 480 }), cores: wave(0.6) }),
    ['active_sessions', {}, whole(wave(9))],
    ...activeWorkflows,
  ],
};

export const AI_TEAMS: System = {
  title: 'AI Teams',
  targets: [gateway, workflowAgent],
  troubles: [failingChat, slowModel],
};
