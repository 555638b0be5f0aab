/** LOOM: a narrative engine over language models, in three instances. */
import { around, wave, whole } from './amounts.ts';
import { HTTP_METRICS, httpActivities, httpInProgress, type Route } from './http-traffic.ts';
import { PROCESS_METRICS, processUsage } from './process-usage.ts';
import type { Activity, System } from './system.ts';
import { during, isStruckHere, nowAndThen, takingTurns, whereStruck } from './troubles.ts';

const INSTANCES = ['loom-1:8000', 'loom-2:8000', 'loom-3:8000'] as const;

/** Turns last longer than the alerts wait, so that each alert fires and ends again. */
const outage = takingTurns(INSTANCES, 90, (who) => `${who} restarts`);
const slowness = takingTurns(
  ['loom-2:8000', 'loom-3:8000', 'loom-1:8000'],
  400,
  (who) => `${who} is slow and takes more memory`,
);
const overload = nowAndThen(
  'openai',
  { everySeconds: 480, fromSeconds: 20, forSeconds: 180 },
  (who) => `${who} refuses calls`,
);

const slowModels = nowAndThen(
  'language models',
  { everySeconds: 1080, fromSeconds: 300, forSeconds: 480 },
  (who) => `${who} are slow`,
);

const ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/api/v1/generate',
    perSecond: wave(2),
    medianSeconds: during(slowModels, {
      struck: 3.2,
      else: whereStruck(slowness, { struck: 1.3, else: 0.7 }),
    }),
    shares: { 500: 0.004, 503: during(overload, { struck: 0.2, else: 0.002 }) },
  },
  {
    method: 'GET',
    path: '/api/v1/stories/{id}',
    perSecond: wave(3, { phase: 0.2 }),
    medianSeconds: 0.04,
    shares: { 404: 0.03 },
  },
  { method: 'GET', path: '/health', perSecond: 0.1, medianSeconds: 0.004 },
];

const MODELS = [
  { provider: 'openai', model: 'gpt-4', perSecond: 1.2, medianSeconds: 1.4 },
  { provider: 'anthropic', model: 'claude', perSecond: 0.7, medianSeconds: 1.1 },
] as const;

const llmActivities: readonly Activity[] = MODELS.flatMap(({ provider, model, perSecond, medianSeconds }) => [
  {
    perSecond: wave(perSecond),
    effects: [
      ['loom_llm_requests_total', { provider, model }],
      [
        'loom_llm_request_duration_seconds',
        { provider },
        around(during(slowModels, { struck: 2.5 * medianSeconds, else: medianSeconds })),
      ],
      ['loom_llm_tokens_total', { type: 'prompt' }, whole(around(420))],
      ['loom_llm_tokens_total', { type: 'completion' }, whole(around(260))],
    ],
  },
  {
    perSecond: provider === 'openai' ? during(overload, { struck: 0.4, else: 0.003 }) : 0.003,
    effects: [['loom_llm_errors_total', { provider, error_type: 'rate_limit' }]],
  },
  { perSecond: 0.004, effects: [['loom_llm_errors_total', { provider, error_type: 'timeout' }]] },
]);

/** One activity per value of the label. */
function counts(
  metric: string,
  label: string,
  perSecond: Readonly<Record<string, number>>,
): readonly Activity[] {
  return Object.entries(perSecond).map(([value, rate]) => ({
    perSecond: wave(rate),
    effects: [[metric, { [label]: value }]],
  }));
}

export const LOOM: System = {
  title: 'LOOM',
  troubles: [outage, slowness, overload, slowModels],
  targets: [
    {
      job: 'loom',
      instances: INSTANCES,
      labels: { service: 'loom' },
      isDown: (moment) => isStruckHere(outage, moment),
      metrics: {
        ...HTTP_METRICS,
        ...PROCESS_METRICS,
        loom_llm_requests_total: { kind: 'counter', help: 'Calls of language models' },
        loom_llm_request_duration_seconds: {
          kind: 'histogram',
          help: 'Time that language models took',
          unit: 's',
          bounds: [0.25, 0.5, 1, 2, 5, 10, 30],
        },
        loom_llm_tokens_total: { kind: 'counter', help: 'Tokens by direction' },
        loom_llm_errors_total: { kind: 'counter', help: 'Calls of language models that failed' },
        loom_cache_hits_total: { kind: 'counter', help: 'Answers out of the cache' },
        loom_cache_misses_total: { kind: 'counter', help: 'Answers that the cache did not have' },
        loom_sessions_active: { kind: 'gauge', help: 'Sessions that are open' },
        loom_sessions_total: { kind: 'counter', help: 'Sessions that were opened' },
        loom_narratives_generated_total: { kind: 'counter', help: 'Narratives by genre' },
        loom_narratives_words_total: { kind: 'counter', help: 'Words of all narratives' },
        loom_user_interactions_total: { kind: 'counter', help: 'What users do' },
        loom_user_satisfaction_score: { kind: 'gauge', help: 'Of the last ratings, 0 to 5' },
        loom_rules_executed_total: { kind: 'counter', help: 'Rules that were applied' },
        loom_rules_violations_total: { kind: 'counter', help: 'Rules that were broken' },
        loom_custom_requests_total: { kind: 'counter', help: 'Custom operations' },
        loom_custom_duration_seconds: {
          kind: 'histogram',
          help: 'Time of custom operations',
          unit: 's',
          bounds: [0.01, 0.05, 0.1, 0.5, 1, 5],
        },
        loom_custom_active: { kind: 'gauge', help: 'Custom operations that run' },
      },
      activities: [
        ...httpActivities(ROUTES),
        ...llmActivities,
        ...counts('loom_cache_hits_total', 'cache_type', { response: 2.4, embedding: 1.1 }),
        ...counts('loom_cache_misses_total', 'cache_type', { response: 0.7, embedding: 0.5 }),
        ...counts('loom_user_interactions_total', 'interaction_type', { edit: 0.9, rate: 0.2, share: 0.1 }),
        ...counts('loom_rules_executed_total', 'rule_type', { consistency: 1.5, style: 0.8, safety: 0.4 }),
        ...['fantasy', 'mystery', 'history'].map(
          (genre, index): Activity => ({
            perSecond: 0.3 / (index + 1),
            effects: [
              ['loom_narratives_generated_total', { genre }],
              ['loom_narratives_words_total', {}, whole(around(850))],
            ],
          }),
        ),
        { perSecond: 0.05, effects: [['loom_rules_violations_total']] },
        { perSecond: wave(0.3), effects: [['loom_sessions_total']] },
        {
          perSecond: 0.6,
          effects: [['loom_custom_requests_total'], ['loom_custom_duration_seconds', {}, around(0.08, 0.9)]],
        },
      ],
      everySecond: [
        ...httpInProgress(ROUTES),
        ...processUsage({
          residentMib: whereStruck(slowness, { struck: 640, else: wave(350, { swing: 0.1 }) }),
          cores: whereStruck(slowness, { struck: 0.9, else: 0.3 }),
        }),
        ['loom_sessions_active', {}, whole(wave(28))],
        ['loom_user_satisfaction_score', {}, around(4.3, 0.03)],
        ['loom_custom_active', {}, ({ dice }) => dice.below(3)],
      ],
    },
  ],
};
