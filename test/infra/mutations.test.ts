/**
 * Takes something away from `infra/` or loosens it, one thing at a time, and runs the program again: the rules
 * have to notice every time. (The snapshots would as well, but whoever updates them might not.)
 */
import { beforeAll, expect, test } from 'vitest';
import { TYPE, toDeployment } from './deployment.ts';
import type { RecordedResource } from './recorder.ts';
import { readSharedContext, type SharedContext } from './rule-context.ts';
import { checkRules } from './rules.ts';
import { type Edit, runProgram, tryProgram } from './run-program.ts';
import { inputFor } from './stages.ts';

const STAGE = 'production';
const EDGE: 'url' | 'cdn' = 'url';

/** File, what is taken away, and what stands there instead. */
// biome-ignore-start lint/suspicious/noTemplateCurlyInString: it is source code that is looked for
const EDITS: readonly (readonly [file: string, find: string, replace: string, edge?: 'cdn'])[] = [
  ['queues.ts', 'redrivePolicy: $jsonStringify', 'tags: undefined, ...{}, policy: $jsonStringify'],
  [
    'queues.ts',
    'messageRetentionSeconds: RETENTION_SECONDS,\n    visibilityTimeoutSeconds: 60,\n  });\n  const queue',
    'visibilityTimeoutSeconds: 60,\n  });\n  const queue',
  ],
  ['queues.ts', 'refusePlainHttp(`Tls-${key}`, queue);', ''],
  ['queues.ts', 'sqsManagedSseEnabled: true,\n    maxMessageSize', 'maxMessageSize'],
  ['queues.ts', 'metrics: 360', 'metrics: 120'],
  ['queues.ts', 'MAX_RECEIVES = 1000', 'MAX_RECEIVES = 3'],
  ['tables.ts', "ttl: { attributeName: 'expiresAt', enabled: true },", ''],
  ['tables.ts', 'pointInTimeRecovery: { enabled: keepData },', ''],
  ['tables.ts', 'deletionProtectionEnabled: keepData,', ''],
  ['log-groups.ts', 'retentionInDays: isApp ? settings.logRetentionDays : settings.auditRetentionDays,', ''],
  ['function.ts', 'retentionInDays: settings.logRetentionDays,', ''],
  ['function.ts', 'args.managedPolicyArns = [];', ''],
  ['function.ts', "architecture: 'arm64',", ''],
  ['function.ts', "logging: { format: 'json', logGroup: group.name },", 'logging: { logGroup: group.name },'],
  ['function.ts', "actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],", "actions: ['logs:*'],"],
  ['function.ts', '/aws/lambda/${physicalName}:*`],', '*`],'],
  ['function.ts', 'SLUICE_STAGE: settings.stage,', ''],
  ['grants.ts', "'sqs:ChangeMessageVisibility',", ''],
  ['grants.ts', ', maySend(pair.deadLetter)', ''],
  ['consumers.ts', "functionResponseTypes: ['ReportBatchItemFailures'],", ''],
  ['consumers.ts', 'maximumBatchingWindowInSeconds: windowSeconds,', ''],
  ['consumers.ts', 'scalingConfig: { maximumConcurrency: settings.consumerConcurrency },', ''],
  ['schedules.ts', 'deadLetterConfig: { arn: deadLetter.arn },', ''],
  ['schedules.ts', 'destinationConfig: { onFailure: { destination: deadLetter.arn } },', ''],
  ['schedules.ts', "{ Effect: 'Allow', Action: 'sqs:SendMessage', Resource: deadLetter.arn },", ''],
  ['alarms.ts', 'alarmActions: [topic.arn],', ''],
  [
    'alarms.ts',
    "treatMissingData: 'breaching',\n    alarmDescription: 'The tick",
    "alarmDescription: 'The tick",
  ],
  ['audit-keys.ts', "SIGNERS = ['seal-audit']", "SIGNERS = ['seal-audit', 'query']"],
  ['audit-keys.ts', 'enableKeyRotation: true,', ''],
  ['audit-keys.ts', "customerMasterKeySpec: 'ECC_NIST_EDWARDS25519',", ''],
  ['secrets.ts', "type: 'SecureString',", "type: 'String',"],
  [
    'functions.ts',
    "mayUse(tables.keys, 'GetItem', 'PutItem', 'UpdateItem')",
    "mayUse(tables.keys, 'GetItem')",
  ],
  [
    'functions.ts',
    "mayUse(tables.checkpoints, 'PutItem', 'Query'),",
    "mayUse(tables.checkpoints, 'PutItem', 'Query', 'DeleteItem'),",
  ],
  ['functions.ts', "mayCall(keys.signing, 'Sign'),", ''],
  ['alarms.ts', "alarm('ingest-throttles', {", "((..._: unknown[]) => {})('ingest-throttles', {"],
  ['functions.ts', "name: 'tick',", "name: 'tick',\n      hasUrl: true,"],
  ['edge.ts', 'customHeaders: [{ name: ORIGIN_HEADER, value: originSecret.value }],', '', 'cdn'],
  ['edge.ts', 'webAclId: acl.arn,', '', 'cdn'],
  ['edge.ts', "viewerProtocolPolicy: 'https-only',", "viewerProtocolPolicy: 'allow-all',", 'cdn'],
  ['edge.ts', "name: 'rate',", "name: 'count',", 'cdn'],
  ['origin-secret.ts', "type: 'SecureString',", "type: 'String',", 'cdn'],
  ['functions.ts', 'SLUICE_ORIGIN_SECRET_SHA256: originDigests,', "SLUICE_ORIGIN_SECRET_SHA256: '',", 'cdn'],
  ['functions.ts', "=> mayCall(key, 'GetPublicKey')", "=> mayCall(key, 'GetPublicKey', 'Sign')"],
  ['functions.ts', '[signing, ...earlier].map((key)', '[...earlier].map((key)'],
  ['function.ts', 'SLUICE_SELF_TRACES_RATIO: String(settings.selfTracesRatio),', ''],
  ['function.ts', "actions: ['sqs:SendMessage'], resources: [deps.spans.arn]", 'actions: [], resources: []'],
  ['functions.ts', 'SLUICE_METRICS_SHARDS: String(settings.metricsShards),', ''],
  ['functions.ts', 'SLUICE_TENANTS: settings.tenants,', ''],
  ['budget.ts', "new aws.budgets.Budget('Budget',", "((..._: unknown[]) => {})('Budget',"],
];
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: see above

/** Kinds of which every single one matters. */
const REMOVALS = [
  TYPE.queue,
  TYPE.queuePolicy,
  TYPE.table,
  TYPE.alarm,
  TYPE.logGroup,
  TYPE.indexPolicy,
  TYPE.mapping,
  TYPE.schedule,
  TYPE.invokeConfig,
  TYPE.fn,
  TYPE.key,
  TYPE.parameter,
  TYPE.topicPolicy,
  TYPE.topic,
  TYPE.subscription,
  TYPE.redriveAllow,
  TYPE.role,
  TYPE.url,
  TYPE.permission,
  TYPE.savedQuery,
  TYPE.budget,
  TYPE.alias,
  TYPE.scheduleGroup,
];

let shared: SharedContext;
let resources: readonly RecordedResource[];
beforeAll(async () => {
  shared = await readSharedContext();
  resources = (await runProgram([inputFor(STAGE, EDGE)]))[0]!.resources;
});
const problemsOf = (changed: readonly RecordedResource[], edge: string = EDGE): readonly string[] =>
  checkRules(changed, { ...shared, stage: STAGE, edge });

test('before anything is changed, all is well', () => {
  expect(problemsOf(resources)).toEqual([]);
});

test(`each of ${EDITS.length} changes to the program is noticed`, async () => {
  const edits = EDITS.map(([name, find, replace]): Edit => ({ file: `infra/${name}`, find, replace }));
  const edges = EDITS.map(([, , , edge]) => edge ?? EDGE);
  const results = await tryProgram(
    edits.map((edit, i) => ({ ...inputFor(STAGE, edges[i]!), edits: [edit] })),
  );
  const missed = edits.filter((_, i) => {
    const result = results[i]!;
    return 'resources' in result && problemsOf(result.resources, edges[i]).length === 0;
  });
  expect(missed.map(({ file, find }) => `${file}: ${find}`)).toEqual([]);
  const stopped = results.flatMap((result, i) =>
    'error' in result ? [`${edits[i]!.find}: ${result.error}`] : [],
  );
  expect(stopped).toEqual([]);
});

test('no resource of a kind that matters can be left out', () => {
  const kinds = new Set<string>(REMOVALS);
  const candidates = resources.filter(({ type }) => kinds.has(type));
  expect(candidates.length).toBeGreaterThan(140);
  const missed = candidates
    .filter((candidate) => problemsOf(resources.filter((resource) => resource !== candidate)).length === 0)
    .map(({ type, name }) => `${type} ${name}`);
  expect(missed).toEqual([]);
});

test('no permission can be taken from a function', () => {
  const { permissions } = toDeployment(resources);
  expect(permissions.length).toBeGreaterThan(100);
  const withoutOne = permissions.map(({ role, action, resource }) => {
    const changed = resources.map((candidate) =>
      candidate.type === TYPE.role && candidate.inputs.name === role
        ? {
            ...candidate,
            inputs: { ...candidate.inputs, inlinePolicies: without(candidate, action, resource) },
          }
        : candidate,
    );
    return { what: `${role} ${action} ${resource}`, problems: problemsOf(changed) };
  });
  expect(withoutOne.filter(({ problems }) => problems.length === 0).map(({ what }) => what)).toEqual([]);
});

interface Policy {
  readonly policy: string;
}
interface PolicyStatement {
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
}

/** The inline policies of a role, an action less on one resource. */
function without({ inputs }: RecordedResource, action: string, resource: string): readonly Policy[] {
  const listOf = (value: string | readonly string[]): readonly string[] =>
    typeof value === 'string' ? [value] : value;
  return (inputs.inlinePolicies as readonly Policy[]).map(({ policy }) => {
    const document = JSON.parse(policy) as { readonly Statement: readonly PolicyStatement[] };
    const Statement = document.Statement.flatMap((statement) =>
      listOf(statement.Action).flatMap((Action) =>
        listOf(statement.Resource).map((Resource) => ({ ...statement, Action, Resource })),
      ),
    ).filter((statement) => statement.Action !== action || statement.Resource !== resource);
    return { policy: JSON.stringify({ ...document, Statement }) };
  });
}
