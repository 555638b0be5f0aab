/** TITAN: scales, printers and their devices in a plant (titan-core), and the bridge that connects them (titan-bridge). */
import { around, mountain, times, wave, whole } from './amounts.ts';
import { PROCESS_METRICS, processUsage } from './process-usage.ts';
import type { Effect, MetricSpec, System, Target } from './system.ts';
import { during, nowAndThen, whileStruck } from './troubles.ts';

const erpOutage = nowAndThen(
  'ERP',
  { everySeconds: 900, fromSeconds: 30, forSeconds: 420 },
  (who) => `${who} does not answer, the queue grows`,
);
const offline = nowAndThen(
  'all devices',
  { everySeconds: 720, fromSeconds: 300, forSeconds: 90 },
  (who) => `${who} have lost their connection`,
);
const paperJam = nowAndThen(
  'printer PRN-02',
  { everySeconds: 600, fromSeconds: 60, forSeconds: 120 },
  (who) => `${who} is jammed`,
);
const databaseLost = nowAndThen(
  'titan-core',
  { everySeconds: 1080, fromSeconds: 480, forSeconds: 90 },
  (who) => `${who} cannot reach its database`,
);
const slowSockets = nowAndThen(
  'titan-bridge',
  { everySeconds: 1200, fromSeconds: 420, forSeconds: 420 },
  (who) => `${who} handles messages slowly and takes more memory`,
);

const SHARED_METRICS = {
  ...PROCESS_METRICS,
  titan_erp_sync_duration_seconds: {
    kind: 'histogram',
    help: 'Time to tell the ERP system',
    unit: 's',
    bounds: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  },
  titan_queue_depth: { kind: 'gauge', help: 'Messages that wait' },
  health_check_status: { kind: 'gauge', help: '1 when the check passes' },
} as const satisfies Record<string, MetricSpec>;

const queueDepth = whole(
  around(mountain({ bottom: 40, top: 9000, periodSeconds: 900, riseSeconds: 450, fallSeconds: 180 }), 0.05),
);

/** The scale's way from one weight to the next. */
const FSM_PATH = ['idle', 'locked', 'printing', 'waiting'] as const;
const FSM_STEP_SECONDS = 5;

const fsmStates: readonly Effect[] = FSM_PATH.map((state, index) => [
  'titan_fsm_state',
  { state },
  ({ seconds }) => Number(Math.floor(seconds / FSM_STEP_SECONDS) % FSM_PATH.length === index),
]);

const weightKg = around(12, 0.6);

const DEVICES = [
  { device_id: 'SCL-01', type: 'scale' },
  { device_id: 'SCL-02', type: 'scale' },
  { device_id: 'PRN-01', type: 'printer' },
  { device_id: 'PRN-02', type: 'printer' },
] as const;

/** 0 offline, 1 ready, 2 busy, 3 in error. */
const deviceStatus: readonly Effect[] = DEVICES.map((device) => [
  'titan_device_status',
  device,
  during(offline, {
    struck: 0,
    else: whileStruck(paperJam, `printer ${device.device_id}`, {
      struck: 3,
      else: ({ dice }) => (dice.chance(0.3) ? 2 : 1),
    }),
  }),
]);

const erpSeconds = around(during(erpOutage, { struck: 8, else: 0.3 }));

const core: Target = {
  job: 'titan-core',
  instances: ['titan-core:8080'],
  labels: { service: 'titan-core' },
  metrics: {
    ...SHARED_METRICS,
    titan_weight_samples_total: { kind: 'counter', help: 'Weights that were read' },
    titan_fsm_transitions_total: { kind: 'counter', help: 'Changes of state of the scale' },
    titan_fsm_state: { kind: 'gauge', help: '1 for the state that the scale is in' },
    titan_print_jobs_total: { kind: 'counter', help: 'Labels to print' },
    titan_print_jobs_failed_total: { kind: 'counter', help: 'Labels that were not printed' },
    titan_erp_sync_total: { kind: 'counter', help: 'Attempts to tell the ERP system' },
    titan_erp_sync_failed_total: { kind: 'counter', help: 'Attempts that failed' },
    titan_hardware_events_total: { kind: 'counter', help: 'Events of devices' },
    titan_weight_distribution: {
      kind: 'histogram',
      help: 'Weights in kg',
      bounds: [1, 2, 5, 10, 15, 20, 30, 50, 100],
    },
    titan_weight_current_kg: { kind: 'gauge', help: 'Weight on the scale in kg' },
    titan_print_duration_seconds: {
      kind: 'histogram',
      help: 'Time to print a label',
      unit: 's',
      bounds: [0.25, 0.5, 1, 2, 3, 5, 10],
    },
    titan_device_status: { kind: 'gauge', help: '0 offline, 1 ready, 2 busy, 3 in error' },
  },
  activities: [
    {
      perSecond: wave(4),
      effects: [
        ['titan_weight_samples_total'],
        ['titan_weight_distribution', {}, weightKg],
        ['titan_weight_current_kg', {}, weightKg],
      ],
    },
    ...FSM_PATH.map((from, index) => ({
      perSecond: 1 / (FSM_STEP_SECONDS * FSM_PATH.length),
      effects: [
        ['titan_fsm_transitions_total', { from, to: FSM_PATH[(index + 1) % FSM_PATH.length]! }],
      ] as const,
    })),
    {
      perSecond: 0.8,
      effects: [['titan_print_jobs_total'], ['titan_print_duration_seconds', {}, around(1.1)]],
    },
    {
      perSecond: during(paperJam, { struck: 0.3, else: 0.002 }),
      effects: [['titan_print_jobs_total'], ['titan_print_jobs_failed_total']],
    },
    {
      perSecond: during(erpOutage, { struck: 0.6, else: wave(1) }),
      effects: [['titan_erp_sync_total'], ['titan_erp_sync_duration_seconds', {}, erpSeconds]],
    },
    {
      perSecond: during(erpOutage, { struck: 0.4, else: 0.01 }),
      effects: [
        ['titan_erp_sync_total'],
        ['titan_erp_sync_failed_total'],
        ['titan_erp_sync_duration_seconds', {}, erpSeconds],
      ],
    },
    ...['weight_stable', 'paper_low', 'reconnected'].map((type, index) => ({
      perSecond: 0.5 / (index + 1),
      effects: [['titan_hardware_events_total', { type }]] as const,
    })),
  ],
  everySecond: [
    ...processUsage({ residentMib: wave(260, { swing: 0.1 }), cores: 0.2 }),
    ...fsmStates,
    ...deviceStatus,
    ['titan_queue_depth', {}, queueDepth],
    ['health_check_status', { check: 'database' }, during(databaseLost, { struck: 0, else: 1 })],
  ],
};

const SOCKET_SECONDS = {
  kind: 'histogram',
  help: 'Time to handle a message',
  unit: 's',
  bounds: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
} as const;

const ratePerMessageType = { weight_record: 6, heartbeat: 2, command: 0.5 } as const;

const bridge: Target = {
  job: 'titan-bridge',
  instances: ['titan-bridge:4000'],
  labels: { service: 'titan-bridge' },
  metrics: {
    ...SHARED_METRICS,
    titan_device_connections_total: { kind: 'counter', help: 'Connections of devices' },
    titan_device_connections_active: { kind: 'gauge', help: 'Devices that are connected' },
    titan_websocket_messages_received_total: { kind: 'counter', help: 'Messages from devices' },
    titan_websocket_messages_sent_total: { kind: 'counter', help: 'Messages to devices' },
    titan_websocket_message_processing_duration_seconds: SOCKET_SECONDS,
    titan_queue_messages_enqueued_total: { kind: 'counter', help: 'Messages put into the queue' },
    titan_queue_messages_completed_total: { kind: 'counter', help: 'Messages that were handled' },
    titan_queue_messages_failed_total: { kind: 'counter', help: 'Messages that could not be handled' },
    titan_erp_sync_requests_total: { kind: 'counter', help: 'Requests to the ERP system' },
    titan_telegram_commands_total: { kind: 'counter', help: 'Commands to the bot' },
    titan_telegram_response_duration_seconds: { ...SOCKET_SECONDS, help: 'Time to answer a command' },
    titan_telegram_sessions_active: { kind: 'gauge', help: 'Chats with the bot' },
  },
  activities: [
    ...Object.entries(ratePerMessageType).map(([type, perSecond]) => ({
      perSecond: during(offline, { struck: 0, else: wave(perSecond) }),
      effects: [
        ['titan_websocket_messages_received_total', { type }],
        ['titan_websocket_messages_sent_total', { type: `${type}_ack` }],
        [
          'titan_websocket_message_processing_duration_seconds',
          {},
          around(during(slowSockets, { struck: 0.12, else: 0.012 })),
        ],
        ['titan_queue_messages_enqueued_total'],
      ] as const,
    })),
    {
      perSecond: during(erpOutage, { struck: 1, else: 9 }),
      effects: [['titan_queue_messages_completed_total']],
    },
    {
      perSecond: during(erpOutage, { struck: 0.5, else: 0.01 }),
      effects: [['titan_queue_messages_failed_total']],
    },
    {
      perSecond: wave(1),
      effects: [['titan_erp_sync_requests_total'], ['titan_erp_sync_duration_seconds', {}, erpSeconds]],
    },
    { perSecond: 0.05, effects: [['titan_device_connections_total']] },
    ...['status', 'queue', 'restart'].map((command, index) => ({
      perSecond: 0.2 / (index + 1),
      effects: [
        ['titan_telegram_commands_total', { command }],
        ['titan_telegram_response_duration_seconds', {}, around(0.15)],
      ] as const,
    })),
  ],
  everySecond: [
    ...processUsage({
      residentMib: during(slowSockets, { struck: 640, else: wave(330, { swing: 0.1 }) }),
      cores: 0.35,
    }),
    ['titan_device_connections_active', {}, during(offline, { struck: 0, else: DEVICES.length })],
    ['titan_queue_depth', {}, times(queueDepth, 0.6)],
    ['titan_telegram_sessions_active', {}, whole(wave(7))],
    ['health_check_status', { check: 'database' }, 1],
  ],
};

export const TITAN: System = {
  title: 'TITAN',
  targets: [core, bridge],
  troubles: [erpOutage, offline, paperJam, databaseLost, slowSockets],
};
