/** Rules of functions: how they are built, what they are told, and who can reach them. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Inputs, TYPE } from './deployment.ts';
import type { Rule } from './rules.ts';
import { ROOT } from './sst-platform.ts';

const MAX_NAME = 64;
/** Of Lambda itself, and what SST adds to every function. */
const FOREIGN_NAME = /^(SST_.*|AWS_.*)$/;
const ORIGIN_HEADER = 'x-sluice-origin';
const DOORS_TO_OUTSIDE = ['ingest', 'query'];

/** In the code of a door, but on a way that it never takes: by door. */
const NEVER_READ: Readonly<Record<string, readonly string[]>> = {
  // The way to the secrets of receivers is that of notify alone; the others share the code around it.
  query: ['SLUICE_SECRETS_PREFIX'],
};

export const partOf = (name: unknown, stage: string): string => String(name).replace(`sluice-${stage}-`, '');

export const functionRules: readonly Rule[] = [
  function everyDoorIsDeployed(deployment, { stage, readNames }) {
    const deployed = deployment.of(TYPE.fn).map(({ name }) => partOf(name, stage));
    return [
      ...[...readNames.keys()]
        .filter((door) => !deployed.includes(door))
        .map((door) => `functions/${door}.ts is not deployed`),
      ...deployed
        .filter((door) => !existsSync(join(ROOT, 'functions', `${door}.ts`)))
        .map((door) => `functions/${door}.ts does not exist`),
    ];
  },
  function functionsAreBuiltAlike(deployment) {
    return deployment.of(TYPE.fn).flatMap((fn) => {
      const problems = [];
      if (String(fn.architectures) !== 'arm64') problems.push('is not arm64');
      if (fn.runtime !== 'nodejs24.x') problems.push(`runs on ${fn.runtime}`);
      if (fn.loggingConfig?.logFormat !== 'JSON') problems.push('logs text');
      if (!(fn.timeout <= 900 && fn.timeout >= 1)) problems.push(`has a timeout of ${fn.timeout} s`);
      if (String(fn.name).length > MAX_NAME)
        problems.push(`has a name of ${String(fn.name).length} characters`);
      // `--enable-source-maps` among them would parse a megabyte of JSON at every start.
      if (fn.environment?.variables?.NODE_OPTIONS !== undefined) problems.push('starts Node with options');
      return problems.map((problem) => `${fn.name} ${problem}`);
    });
  },
  function everyFunctionLogsIntoItsOwnGroup(deployment) {
    const groups = new Set(deployment.of(TYPE.logGroup).map(({ name }) => String(name)));
    return deployment.of(TYPE.fn).flatMap(({ name, loggingConfig }) => {
      const group = `/aws/lambda/${name}`;
      if (loggingConfig?.logGroup !== group) return [`${name} logs into ${loggingConfig?.logGroup}`];
      return groups.has(group) ? [] : [`the log group ${group} is missing`];
    });
  },
  function functionsAreToldWhatTheyReadAndNothingElse(deployment, { stage, readNames, namedNames }) {
    return deployment.of(TYPE.fn).flatMap((fn) => {
      const door = partOf(fn.name, stage);
      const told = Object.keys(fn.environment?.variables ?? {}).filter((name) => !FOREIGN_NAME.test(name));
      const read = readNames.get(door) ?? [];
      const secrets = secretsOf(deployment, fn);
      const unread = NEVER_READ[door] ?? [];
      const named = (namedNames.get(door) ?? []).filter((name) => !unread.includes(name));
      return [
        ...[...new Set([...read, ...named])]
          .filter((name) => !told.includes(name) && !secrets.includes(name))
          .map((name) => `${door} reads ${name}, which is not set`),
        ...told
          .filter((name) => !read.includes(name))
          .map((name) => `${door} is told ${name}, which it does not read`),
      ];
    });
  },
  function onlyDoorsToOutsideCanBeReached(deployment, { stage, edge }) {
    const open = deployment.of(TYPE.url).map(({ functionName }) => partOf(functionName, stage));
    const wanted = edge === 'http-api' ? [] : DOORS_TO_OUTSIDE;
    const everyone = deployment
      .of(TYPE.permission)
      .filter(({ principal }) => principal === '*')
      .filter(
        ({ functionUrlAuthType, invokedViaFunctionUrl }) =>
          functionUrlAuthType !== 'NONE' && invokedViaFunctionUrl !== true,
      )
      .map(({ function: name }) => `everyone may invoke ${name}`);
    const granted = deployment
      .of(TYPE.permission)
      .map(({ function: name }) => partOf(name, stage))
      .filter((name) => !DOORS_TO_OUTSIDE.includes(name))
      .map((name) => `${name} can be invoked from outside`);
    return [
      ...everyone,
      ...granted,
      ...(String(open.sort()) === String(wanted) ? [] : [`Function URLs of ${open}, wanted ${wanted}`]),
      ...(edge === 'http-api' && deployment.of(TYPE.api).length !== 2 ? ['there are not two APIs'] : []),
    ];
  },
  function functionUrlsMayBeCalled(deployment) {
    // Both are asked for since October 2025 (Lambda developer guide § Control access to function URLs).
    const actions = ['lambda:InvokeFunctionUrl', 'lambda:InvokeFunction'];
    const granted = deployment.of(TYPE.permission).map(({ function: name, action }) => `${action} ${name}`);
    return deployment
      .of(TYPE.url)
      .flatMap(({ functionName }) =>
        actions
          .filter((action) => !granted.includes(`${action} ${functionName}`))
          .map((action) => `the URL of ${functionName} lacks ${action}`),
      );
  },
  function nobodyGoesAroundTheCdn(deployment, { stage, edge }) {
    const isCdn = edge === 'cdn';
    const doors = deployment
      .of(TYPE.fn)
      .filter(({ name }) => DOORS_TO_OUTSIDE.includes(partOf(name, stage)))
      .map(({ name, environment }) => ({
        name,
        digests: String(environment?.variables?.SLUICE_ORIGIN_SECRET_SHA256 ?? '').split(','),
      }));
    if (!isCdn)
      return doors.flatMap(({ name, digests }) =>
        digests.join() === '' ? [] : [`${name} waits for a CDN that is not there`],
      );
    return deployment.of(TYPE.distribution).flatMap(({ comment, origins }) => {
      const door = doors.find(({ name }) => name === comment);
      const headers = (origins?.[0]?.customHeaders ?? []) as readonly Inputs[];
      const secret = String(headers.find(({ name }) => name === ORIGIN_HEADER)?.value ?? '');
      const digest = createHash('sha256').update(secret).digest('hex');
      return [
        ...(secret.length >= 32 ? [] : [`the CDN of ${comment} does not say that it is the CDN`]),
        ...(door?.digests.includes(digest) ? [] : [`${comment} can be reached around its CDN`]),
      ];
    });
  },
  function theCdnHasAWebAcl(deployment, { edge }) {
    if (edge !== 'cdn') return [];
    const distributions = deployment.of(TYPE.distribution);
    return [
      ...(distributions.length === 2 ? [] : [`${distributions.length} distributions instead of 2`]),
      ...distributions
        .filter(({ webAclId }) => !String(webAclId ?? '').startsWith('arn:aws:wafv2:'))
        .map(({ comment }) => `${comment} has no web ACL`),
      ...distributions
        .filter(({ defaultCacheBehavior }) => defaultCacheBehavior.viewerProtocolPolicy !== 'https-only')
        .map(({ comment }) => `${comment} takes plain HTTP`),
      ...(deployment.of(TYPE.webAcl).some(({ rules }) => rules.some((rule: Inputs) => rule.name === 'rate'))
        ? []
        : ['the web ACL has no rate limit']),
    ];
  },
];

/** Names of the parameters that the function's role may read. */
function secretsOf({ permissions }: Parameters<Rule>[0], { name }: Inputs): readonly string[] {
  return permissions
    .filter(({ role, action }) => role === name && action === 'ssm:GetParameter')
    .map(({ resource }) => resource.split('/').at(-1)!);
}
