/**
 * One function as all of ours are: Node 24 on arm64, an ESM bundle, JSON logs in a group of its own with an end,
 * and a role that only Lambda can take and that holds exactly what is listed. `link` is never used: it would grant
 * more than is needed, and put all of it into the environment.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Account } from './account';
import type { Grant } from './grants';
import type { CopiedFolder } from './redaction';
import type { Secrets } from './secrets';
import { secretPrefix } from './secrets';
import { nameOf, type SecretName, type Settings } from './settings';

export interface FunctionSpec {
  /** Of its door: `functions/<name>.ts`. */
  readonly name: string;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  readonly environment?: Readonly<Record<string, $util.Input<string>>>;
  readonly grants: readonly Grant[];
  readonly secrets?: readonly SecretName[];
  readonly reservedConcurrency?: number;
  readonly hasUrl?: boolean;
  /** Takes the folder of the configuration along: rules, alertmanager.yml and sluice.yml. */
  readonly hasConfig?: boolean;
  /** And reads secrets that the configuration names. */
  readonly hasConfigSecrets?: boolean;
  readonly folders?: readonly CopiedFolder[];
}

export interface FunctionDeps {
  readonly settings: Settings;
  readonly account: Account;
  readonly secrets: Secrets;
  /** Where functions put their own spans. */
  readonly spans: aws.sqs.Queue;
}

const CONFIG_FOLDER = 'config';

const LAMBDA_TRUST = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
});

export function createFunction(spec: FunctionSpec, deps: FunctionDeps): sst.aws.Function {
  const { settings, account } = deps;
  const physicalName = nameOf(settings, spec.name);
  const group = new aws.cloudwatch.LogGroup(`FunctionLogs-${spec.name}`, {
    name: `/aws/lambda/${physicalName}`,
    retentionInDays: settings.logRetentionDays,
    logGroupClass: 'STANDARD',
  });
  const copiesConfig = spec.hasConfig === true && existsSync(join($cli.paths.root, settings.configDir));
  const copies = [
    ...(spec.folders ?? []),
    ...(copiesConfig ? [{ from: settings.configDir, to: CONFIG_FOLDER }] : []),
  ];
  const configSecrets = $interpolate`${account.parameters}${secretPrefix(settings)}config/*`;
  // Who consumes that queue sends its spans straight to their destination, and ingest may send there anyway.
  const sendsSpans = spec.environment?.SLUICE_TRACES_QUEUE_URL === undefined;
  const parameters = (spec.secrets ?? []).map((name) => deps.secrets[name]);
  return new sst.aws.Function(toLogicalName(spec.name), {
    name: physicalName,
    handler: `functions/${spec.name}.handler`,
    runtime: 'nodejs24.x',
    architecture: 'arm64',
    memory: `${settings.memoryMb[spec.name] ?? spec.memoryMb} MB`,
    timeout: `${spec.timeoutSeconds} seconds`,
    // Environments start anew, and read anew, when a secret has changed.
    description: $util.all(parameters.map(({ version }) => version)).apply((versions) => {
      const configured =
        spec.hasConfigSecrets === true ? `, of the configuration ${settings.configSecretsGeneration}` : '';
      return `Sluice ${spec.name}, secrets ${versions.join('.') || 'none'}${configured}`;
    }),
    logging: { format: 'json', logGroup: group.name },
    // The runtime brings the AWS SDK along: bundled, it would be most of what a cold start loads.
    ...(copies.length === 0 ? {} : { copyFiles: copies }),
    nodejs: { format: 'esm', minify: true, sourcemap: true, esbuild: { external: ['@aws-sdk/*'] } },
    url: spec.hasUrl === true ? { authorization: 'none', cors: false } : false,
    environment: {
      ...spec.environment,
      SLUICE_LOG_LEVEL: 'info',
      SLUICE_FUNCTION: spec.name,
      SLUICE_STAGE: settings.stage,
      SLUICE_SELF_TRACES_RATIO: String(settings.selfTracesRatio),
      ...(sendsSpans ? { SLUICE_TRACES_QUEUE_URL: deps.spans.url } : {}),
      ...(spec.hasConfig === true ? { SLUICE_CONFIG_DIR: copiesConfig ? CONFIG_FOLDER : '' } : {}),
      ...(parameters.length === 0 && spec.hasConfigSecrets !== true
        ? {}
        : { SLUICE_SECRETS_PREFIX: secretPrefix(settings) }),
    },
    ...(spec.reservedConcurrency === undefined
      ? {}
      : { concurrency: { reserved: spec.reservedConcurrency } }),
    permissions: [
      ...spec.grants.map(({ actions, resources }) => ({ actions: [...actions], resources: [...resources] })),
      {
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [$interpolate`${account.logs}:log-group:/aws/lambda/${physicalName}:*`],
      },
      ...(sendsSpans ? [{ actions: ['sqs:SendMessage'], resources: [deps.spans.arn] }] : []),
      ...(parameters.length === 0
        ? []
        : [{ actions: ['ssm:GetParameter'], resources: parameters.map(({ arn }) => arn) }]),
      // By path: which secrets receivers need is said in the configuration.
      ...(spec.hasConfigSecrets === true
        ? [{ actions: ['ssm:GetParameter'], resources: [configSecrets] }]
        : []),
    ],
    transform: {
      role: (args) => {
        args.name = physicalName;
        args.assumeRolePolicy = LAMBDA_TRUST;
        // SST attaches AWSLambdaBasicExecutionRole, which may write to every log group of the account.
        args.managedPolicyArns = [];
      },
    },
  });
}

/** `deliver-traces` is `DeliverTraces` for SST, which takes no other names. */
export function toLogicalName(name: string): string {
  return name.replace(/(^|-)([a-z])/g, (_all, _before, letter: string) => letter.toUpperCase());
}
