/** Perfect21: a development platform whose agents work on code, with Git hooks and quality checks. */
import { around, wave, whole } from './amounts.ts';
import { HTTP_METRICS, httpActivities, httpInProgress, type Route } from './http-traffic.ts';
import { NODE_METRICS, nodeUsage, PROCESS_METRICS, processUsage } from './process-usage.ts';
import type { Activity, System } from './system.ts';
import { during, nowAndThen, whileStruck } from './troubles.ts';

const deployment = nowAndThen(
  'API',
  { everySeconds: 600, fromSeconds: 60, forSeconds: 150 },
  (who) => `${who} answers with errors after a deployment`,
);
const STUCK_EVERY_SECONDS = 900;
const STUCK_FROM_SECONDS = 60;
const stuckAgent = nowAndThen(
  'code-reviewer',
  { everySeconds: STUCK_EVERY_SECONDS, fromSeconds: STUCK_FROM_SECONDS, forSeconds: 480 },
  (who) => `agent ${who} does not come to an end`,
);
const busyHost = nowAndThen(
  'host',
  { everySeconds: 1200, fromSeconds: 120, forSeconds: 660 },
  (who) => `${who} is busy, answers are slow`,
);

const AGENTS = { 'code-reviewer': 0.3, 'test-runner': 0.5, 'doc-writer': 0.15 } as const;

const ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/api/users',
    perSecond: wave(3),
    medianSeconds: during(busyHost, { struck: 1.6, else: 0.06 }),
    shares: { 404: 0.02, 500: during(deployment, { struck: 0.15, else: 0.002 }) },
  },
  {
    method: 'POST',
    path: '/api/data',
    perSecond: wave(1.5, { phase: 0.3 }),
    medianSeconds: during(busyHost, { struck: 2.4, else: 0.18 }),
    shares: { 500: during(deployment, { struck: 0.2, else: 0.004 }) },
  },
];

function agentActivities(): readonly Activity[] {
  return Object.entries(AGENTS).flatMap(([agent, perSecond]) =>
    [
      { status: 'success', share: 0.93 },
      { status: 'error', share: 0.07 },
    ].map(({ status, share }) => ({
      perSecond: whileStruck(stuckAgent, agent, { struck: 0, else: perSecond * share }),
      effects: [
        ['agent_executions_total', { agent, status }],
        ['agent_execution_duration_seconds', { agent }, around(4, 0.8)],
      ] as const,
    })),
  );
}

export const PERFECT21: System = {
  title: 'Perfect21',
  troubles: [deployment, stuckAgent, busyHost],
  targets: [
    {
      job: 'perfect21',
      instances: ['perfect21:8080'],
      labels: { service: 'perfect21' },
      metrics: {
        ...HTTP_METRICS,
        ...PROCESS_METRICS,
        ...NODE_METRICS,
        agent_executions_total: { kind: 'counter', help: 'Tasks of agents by how they ended' },
        agent_execution_duration_seconds: {
          kind: 'histogram',
          help: 'Time that agents took',
          unit: 's',
          bounds: [0.5, 1, 2, 5, 10, 30, 60, 120, 300],
        },
        agent_execution_running_seconds: {
          kind: 'gauge',
          help: 'Age of the oldest task that runs',
          unit: 's',
        },
        agent_parallel_workflows: { kind: 'gauge', help: 'Workflows that run side by side' },
        git_operations_total: { kind: 'counter', help: 'Git operations' },
        git_hook_executions_total: { kind: 'counter', help: 'Git hooks by how they ended' },
        code_quality_score: { kind: 'gauge', help: 'Of the last analysis, 0 to 100' },
        active_users: { kind: 'gauge', help: 'Users of the last minutes' },
        workspaces: { kind: 'gauge', help: 'Workspaces that are open' },
        feature_usage_total: { kind: 'counter', help: 'Uses of features' },
        business_operations_total: { kind: 'counter', help: 'Business operations by how they ended' },
      },
      activities: [
        ...httpActivities(ROUTES),
        ...agentActivities(),
        ...['commit', 'push', 'merge'].map((operation, index) => ({
          perSecond: 0.4 / (index + 1),
          effects: [['git_operations_total', { operation }]] as const,
        })),
        ...['pre-commit', 'pre-push'].flatMap((hook) => [
          { perSecond: 0.3, effects: [['git_hook_executions_total', { hook, status: 'success' }]] as const },
          { perSecond: 0.04, effects: [['git_hook_executions_total', { hook, status: 'failure' }]] as const },
        ]),
        ...['search', 'review', 'export'].map((feature, index) => ({
          perSecond: 0.6 / (index + 1),
          effects: [['feature_usage_total', { feature }]] as const,
        })),
        {
          perSecond: 0.5,
          effects: [['business_operations_total', { operation_type: 'data_export', status: 'success' }]],
        },
        {
          perSecond: 0.03,
          effects: [['business_operations_total', { operation_type: 'data_export', status: 'error' }]],
        },
      ],
      everySecond: [
        ...httpInProgress(ROUTES),
        ...processUsage({ residentMib: wave(410, { swing: 0.1 }), cores: 0.4 }),
        ...nodeUsage({
          memoryMib: 16_384,
          cpus: 2,
          memoryUsed: wave(0.55, { swing: 0.1 }),
          cpuUsed: during(busyHost, { struck: 0.96, else: wave(0.35) }),
        }),
        ...Object.keys(AGENTS).map(
          (agent) =>
            [
              'agent_execution_running_seconds',
              { agent },
              whileStruck(stuckAgent, agent, {
                struck: ({ seconds }) => (seconds % STUCK_EVERY_SECONDS) - STUCK_FROM_SECONDS,
                else: around(3, 0.5),
              }),
            ] as const,
        ),
        ['agent_parallel_workflows', {}, whole(wave(4))],
        ['code_quality_score', {}, around(87, 0.02)],
        ['active_users', {}, whole(wave(150))],
        ['workspaces', {}, whole(wave(42, { swing: 0.1 }))],
      ],
    },
  ],
};
