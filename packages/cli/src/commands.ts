/** The table of commands. Each is loaded when it is called, so that `sluice` starts fast however many there are. */
import type { Command } from './command.ts';

export interface CommandEntry {
  /** One or two words. */
  readonly name: string;
  readonly summary: string;
  load(): Promise<Command>;
}

export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'status',
    summary: 'queues, ages, rates and dead letters of a running pipeline',
    load: async () => (await import('./status/status-command.ts')).statusCommand,
  },
  {
    name: 'query',
    summary: 'evaluate a PromQL expression: a table, or a plot over time',
    load: async () => (await import('./query/query-command.ts')).queryCommand,
  },
  {
    name: 'logs query',
    summary: 'log lines by LogQL, with what stands around them',
    load: async () => (await import('./logs/query-command.ts')).logQueryCommand,
  },
  {
    name: 'logs tail',
    summary: 'log lines as they come, by LogQL',
    load: async () => (await import('./logs/tail-command.ts')).logTailCommand,
  },
  {
    name: 'logs insights',
    summary: 'log records by CloudWatch Logs Insights',
    load: async () => (await import('./logs/insights-command.ts')).insightsCommand,
  },
  {
    name: 'send',
    summary: 'send OTLP files and report what was accepted',
    load: async () => (await import('./send/send-command.ts')).sendCommand,
  },
  {
    name: 'keys create',
    summary: 'make an API key; its secret is printed once',
    load: async () => (await import('./keys/create-command.ts')).createKeyCommand,
  },
  {
    name: 'keys list',
    summary: 'the keys and what they may do',
    load: async () => (await import('./keys/list-command.ts')).listKeysCommand,
  },
  {
    name: 'keys rotate',
    summary: 'give a key a new secret; the old one lives on for a while',
    load: async () => (await import('./keys/rotate-command.ts')).rotateKeyCommand,
  },
  {
    name: 'keys revoke',
    summary: 'end a key at once',
    load: async () => (await import('./keys/revoke-command.ts')).revokeKeyCommand,
  },
  {
    name: 'dlq list',
    summary: 'dead letters, grouped by reason',
    load: async () => (await import('./dlq/list-command.ts')).listDeadLettersCommand,
  },
  {
    name: 'dlq show',
    summary: 'one dead letter with its payload as OTLP JSON',
    load: async () => (await import('./dlq/show-command.ts')).showDeadLetterCommand,
  },
  {
    name: 'dlq redrive',
    summary: 'send dead letters round again',
    load: async () => (await import('./dlq/redrive-command.ts')).redriveCommand,
  },
  {
    name: 'dlq drop',
    summary: 'delete dead letters for good',
    load: async () => (await import('./dlq/drop-command.ts')).dropCommand,
  },
  {
    name: 'alerts list',
    summary: 'alerts that fire, who is told, and what mutes them',
    load: async () => (await import('./alerts/list-command.ts')).listAlertsCommand,
  },
  {
    name: 'alerts test',
    summary: 'send a test notification to a receiver, or show it',
    load: async () => (await import('./alerts/test-command.ts')).testAlertsCommand,
  },
  {
    name: 'silence add',
    summary: 'mute alerts for a while',
    load: async () => (await import('./silence/add-command.ts')).addSilenceCommand,
  },
  {
    name: 'silence list',
    summary: 'silences that are or will be in force',
    load: async () => (await import('./silence/list-command.ts')).listSilencesCommand,
  },
  {
    name: 'silence expire',
    summary: 'end a silence now',
    load: async () => (await import('./silence/expire-command.ts')).expireSilenceCommand,
  },
  {
    name: 'routes show',
    summary: 'the tree of routes of alertmanager.yml',
    load: async () => (await import('./routes/show-command.ts')).showRoutesCommand,
  },
  {
    name: 'routes test',
    summary: 'which receivers an alert with these labels reaches',
    load: async () => (await import('./routes/test-command.ts')).testRoutesCommand,
  },
  {
    name: 'audit query',
    summary: 'find events of the audit trail',
    load: async () => (await import('./audit/query-command.ts')).queryAuditCommand,
  },
  {
    name: 'audit show',
    summary: 'one event, and the proof that it is in the sealed log',
    load: async () => (await import('./audit/show-command.ts')).showAuditCommand,
  },
  {
    name: 'audit tail',
    summary: 'events of the audit trail as they are recorded',
    load: async () => (await import('./audit/tail-command.ts')).tailAuditCommand,
  },
  {
    name: 'audit verify',
    summary: 'prove that nobody tampered with the audit trail',
    load: async () => (await import('./audit/verify-command.ts')).verifyAuditCommand,
  },
  {
    name: 'audit export',
    summary: 'events as a bundle that proves itself, as CSV or OCSF',
    load: async () => (await import('./audit/export-command.ts')).exportAuditCommand,
  },
  {
    name: 'audit hold',
    summary: 'legal holds: list, place, release',
    load: async () => (await import('./audit/hold-command.ts')).holdAuditCommand,
  },
  {
    name: 'audit erase',
    summary: 'make everything personal about an actor unreadable',
    load: async () => (await import('./audit/erase-command.ts')).eraseAuditCommand,
  },
  {
    name: 'audit rotate-key',
    summary: 'a new key to sign the audit trail with; earlier ones go on proving',
    load: async () => (await import('./audit/rotate-key-command.ts')).rotateAuditKeyCommand,
  },
  {
    name: 'rules lint',
    summary: 'rules that do not do what they seem to: code, reason, fix',
    load: async () => (await import('./rules/lint-command.ts')).lintRulesCommand,
  },
  {
    name: 'rules test',
    summary: "unit tests of rules, from promtool's test files",
    load: async () => (await import('./rules/test-command.ts')).testRulesCommand,
  },
  {
    name: 'slo validate',
    summary: 'check SLO specs of Sloth and OpenSLO',
    load: async () => (await import('./slo/validate-command.ts')).validateSloCommand,
  },
  {
    name: 'slo generate',
    summary: 'Prometheus rules of SLO specs, as Sloth makes them',
    load: async () => (await import('./slo/generate-command.ts')).generateSloCommand,
  },
  {
    name: 'slo status',
    summary: 'error budgets and burn rates',
    load: async () => (await import('./slo/status-command.ts')).sloStatusCommand,
  },
  {
    name: 'slo fix',
    summary: 'correct what is surely wrong in SLO specs',
    load: async () => (await import('./slo/fix-command.ts')).fixSloCommand,
  },
  {
    name: 'doctor',
    summary: 'check everything that must hold for the pipeline to work',
    load: async () => (await import('./doctor/doctor-command.ts')).doctorCommand,
  },
  {
    name: 'cost',
    summary: 'what a stage on AWS costs for the volumes it gets',
    load: async () => (await import('./cost/cost-command.ts')).costCommand,
  },
  {
    name: 'config check',
    summary: 'check the settings, all at once',
    load: async () => (await import('./config/check-command.ts')).checkConfigCommand,
  },
  {
    name: 'version',
    summary: 'version of Sluice and of Node',
    load: async () => (await import('./version/version-command.ts')).versionCommand,
  },
];
