/** Lyss: an AI platform for many tenants: a gateway, an engine before three model providers, a memory, three machines. */
import { around, times, wave, whole } from './amounts.ts';
import { HTTP_METRICS, httpActivities, httpInProgress, type Route } from './http-traffic.ts';
import { NODE_METRICS, nodeUsage, PROCESS_METRICS, processUsage } from './process-usage.ts';
import type { Activity, Effect, System, Target } from './system.ts';
import { during, isStruckHere, nowAndThen, takingTurns, whereStruck, whileStruck } from './troubles.ts';

/** Share of the platform's traffic. */
const TENANTS = { acme: 0.5, globex: 0.3, initech: 0.2 } as const;
const NODES = ['node-1:9100', 'node-2:9100', 'node-3:9100'] as const;
const MODELS = [
  { provider: 'openai', model: 'gpt-4o', perSecond: 4, medianSeconds: 2.2 },
  { provider: 'anthropic', model: 'claude-3', perSecond: 3, medianSeconds: 1.8 },
  { provider: 'deepseek', model: 'deepseek-chat', perSecond: 3, medianSeconds: 1.2 },
] as const;

/** Turns last longer than the alerts wait, so that each alert fires and ends again. */
const providerOutage = takingTurns(
  MODELS.map(({ provider }) => provider),
  300,
  (who) => `calls of ${who} fail`,
);
const connectionLeak = takingTurns(
  Object.keys(TENANTS),
  400,
  (who) => `${who} holds too many database connections`,
);
const fullMemory = takingTurns(NODES, 420, (who) => `${who} runs out of memory`);
const quota = nowAndThen(
  Object.keys(TENANTS),
  { everySeconds: 240, fromSeconds: 40, forSeconds: 60 },
  (who) => `${who} is over its quota`,
);
const memoryRestart = takingTurns(
  ['memory-service-1:8001', 'memory-service-2:8001'],
  90,
  (who) => `${who} restarts`,
);
const failingChat = nowAndThen(
  'chat',
  { everySeconds: 480, fromSeconds: 20, forSeconds: 150 },
  (who) => `${who} answers with errors`,
);

const tenants = Object.entries(TENANTS);

function forTenants(route: Route): readonly Route[] {
  return tenants.map(([tenant_id, share]) => ({
    ...route,
    perSecond: times(route.perSecond, share),
    shares: { ...route.shares, 429: whileStruck(quota, tenant_id, { struck: 0.4, else: 0 }) },
    labels: { tenant_id },
  }));
}

const GATEWAY_ROUTES = [
  {
    method: 'POST',
    path: '/api/v1/chat',
    perSecond: wave(6),
    medianSeconds: during(failingChat, { struck: 0.6, else: 0.14 }),
    shares: { 500: during(failingChat, { struck: 0.1, else: 0.004 }) },
  },
  { method: 'GET', path: '/api/v1/conversations', perSecond: wave(8), medianSeconds: 0.03 },
  { method: 'POST', path: '/api/v1/login', perSecond: 1, medianSeconds: 0.08, shares: { 401: 0.08 } },
].flatMap(forTenants);

const gateway: Target = {
  job: 'lyss-api-gateway',
  instances: ['api-gateway:8000'],
  labels: { service: 'lyss-api-gateway' },
  metrics: {
    ...HTTP_METRICS,
    ...PROCESS_METRICS,
    active_connections: { kind: 'gauge', help: 'Connections to databases' },
    active_user_sessions: { kind: 'gauge', help: 'Users that are logged in' },
    conversations_created_total: { kind: 'counter', help: 'Conversations' },
    messages_sent_total: { kind: 'counter', help: 'Messages by type' },
    revenue_generated_total: { kind: 'counter', help: 'Revenue by plan' },
  },
  activities: [
    ...httpActivities(GATEWAY_ROUTES),
    ...tenants.flatMap(([tenant_id, share]): readonly Activity[] => [
      { perSecond: wave(1.2 * share), effects: [['conversations_created_total', { tenant_id }]] },
      ...['text', 'image', 'file'].map((message_type, index) => ({
        perSecond: (6 * share) / (index * 3 + 1),
        effects: [['messages_sent_total', { tenant_id, message_type }]] as const,
      })),
      ...['basic', 'enterprise'].map((plan_type, index) => ({
        perSecond: 0.1 * share,
        effects: [
          ['revenue_generated_total', { tenant_id, plan_type }, around(index === 0 ? 19 : 480, 0.2)],
        ] as const,
      })),
    ]),
  ],
  everySecond: [
    ...httpInProgress(GATEWAY_ROUTES),
    ...processUsage({ residentMib: wave(340, { swing: 0.1 }), cores: 0.5 }),
    ...tenants.flatMap(([tenant_id, share]): readonly Effect[] => [
      [
        'active_connections',
        { database: 'postgres', tenant_id },
        whole(
          whileStruck(connectionLeak, tenant_id, {
            struck: wave(93, { swing: 0.05 }),
            else: wave(60 * share),
          }),
        ),
      ],
      ['active_connections', { database: 'redis', tenant_id }, whole(wave(30 * share))],
      ['active_user_sessions', { tenant_id }, whole(wave(400 * share))],
    ]),
  ],
};

const modelCalls: readonly Activity[] = MODELS.flatMap(({ provider, model, perSecond, medianSeconds }) =>
  tenants.flatMap(([tenant_id, share]): readonly Activity[] => {
    const rate = perSecond * share;
    const who = { provider, model, tenant_id };
    const outage = { struck: rate * 0.4, else: rate * 0.005 };
    return [
      {
        perSecond: whileStruck(providerOutage, provider, { struck: rate * 0.6, else: wave(rate) }),
        effects: [
          ['ai_model_requests_total', { ...who, status: 'success' }],
          ['ai_model_latency_seconds', who, around(medianSeconds)],
          ['ai_tokens_consumed_total', { ...who, token_type: 'total' }, whole(around(650, 0.7))],
        ],
      },
      {
        perSecond: whileStruck(providerOutage, provider, outage),
        effects: [
          ['ai_model_requests_total', { ...who, status: 'error' }],
          ['ai_model_latency_seconds', who, around(9)],
        ],
      },
    ];
  }),
);

const engine: Target = {
  job: 'lyss-eino-service',
  instances: ['eino-service:8080'],
  labels: { service: 'lyss-eino-service' },
  metrics: {
    ...PROCESS_METRICS,
    ai_model_requests_total: { kind: 'counter', help: 'Calls of models by how they ended' },
    ai_model_latency_seconds: {
      kind: 'histogram',
      help: 'Time that models took',
      unit: 's',
      bounds: [0.5, 1, 2, 5, 10, 30, 60],
    },
    ai_tokens_consumed_total: { kind: 'counter', help: 'Tokens by provider and model' },
  },
  activities: modelCalls,
  everySecond: processUsage({ residentMib: wave(460, { swing: 0.08 }), cores: wave(0.9) }),
};

const MEMORY_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/memories/search',
    perSecond: wave(2),
    medianSeconds: 0.09,
    labels: { tenant_id: 'acme' },
  },
];

const memory: Target = {
  job: 'lyss-memory-service',
  instances: ['memory-service-1:8001', 'memory-service-2:8001'],
  labels: { service: 'lyss-memory-service' },
  isDown: (moment) => isStruckHere(memoryRestart, moment),
  metrics: { ...HTTP_METRICS, ...PROCESS_METRICS },
  activities: httpActivities(MEMORY_ROUTES),
  everySecond: [
    ...httpInProgress(MEMORY_ROUTES),
    ...processUsage({ residentMib: wave(220, { swing: 0.1 }), cores: 0.2 }),
  ],
};

const nodes: Target = {
  job: 'node-exporter',
  instances: NODES,
  metrics: NODE_METRICS,
  activities: [],
  everySecond: nodeUsage({
    memoryMib: 32_768,
    cpus: 4,
    memoryUsed: whereStruck(fullMemory, { struck: 0.95, else: wave(0.6, { swing: 0.1 }) }),
    cpuUsed: wave(0.4),
  }),
};

export const LYSS: System = {
  title: 'Lyss',
  targets: [gateway, engine, memory, nodes],
  troubles: [providerOutage, connectionLeak, fullMemory, quota, memoryRestart, failingChat],
};
