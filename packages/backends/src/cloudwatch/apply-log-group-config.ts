/**
 * Brings log groups, retention, field indexes and saved queries to what the settings say, and tells what it
 * changed; run twice, the second time changes nothing. A dry run only tells.
 */
import {
  type CloudWatchLogsClient,
  CreateLogGroupCommand,
  DescribeIndexPoliciesCommand,
  DescribeLogGroupsCommand,
  DescribeQueryDefinitionsCommand,
  PutIndexPolicyCommand,
  PutQueryDefinitionCommand,
  PutRetentionPolicyCommand,
  type QueryDefinition,
} from '@aws-sdk/client-cloudwatch-logs';
import { GROUP_KINDS, type LogGroup, type LogGroups } from './log-groups.ts';
import { INDEX_FIELDS, SAVED_QUERIES, type SavedQuery } from './saved-queries.ts';

export interface LogGroupConfigOptions {
  readonly client: CloudWatchLogsClient;
  readonly groups: LogGroups;
  /** Default: those of saved-queries.ts. */
  readonly queries?: readonly SavedQuery[];
  readonly indexFields?: readonly string[];
  /** Before the names of saved queries, e.g. `sluice/`. */
  readonly queryPrefix: string;
  readonly dryRun: boolean;
}

export interface LogGroupChange {
  /** `conflict`: it cannot be changed from here; `what` says why and what helps. */
  readonly kind: 'create-group' | 'retention' | 'index-policy' | 'saved-query' | 'conflict';
  /** Name of the group or the query. */
  readonly target: string;
  readonly what: string;
}

interface Step extends LogGroupChange {
  readonly run: () => Promise<unknown>;
}

/** @throws the SDK's errors. */
export async function applyLogGroupConfig(
  options: LogGroupConfigOptions,
): Promise<readonly LogGroupChange[]> {
  const steps: Step[] = [];
  for (const kind of GROUP_KINDS) steps.push(...(await groupSteps(options.groups[kind], options)));
  steps.push(...(await querySteps(options)));
  if (!options.dryRun) for (const { run } of steps) await run();
  return steps.map(({ kind, target, what }) => ({ kind, target, what }));
}

async function groupSteps(group: LogGroup, options: LogGroupConfigOptions): Promise<readonly Step[]> {
  const { client, indexFields = INDEX_FIELDS } = options;
  const { name, logClass, retentionDays } = group;
  const known = await findGroup(client, name);
  const steps: Step[] = [];
  if (known === undefined) {
    steps.push({
      kind: 'create-group',
      target: name,
      what: `class ${logClass}`,
      run: () => client.send(new CreateLogGroupCommand({ logGroupName: name, logGroupClass: logClass })),
    });
  } else if ((known.logGroupClass ?? 'STANDARD') !== logClass) {
    steps.push({
      kind: 'conflict',
      target: name,
      what: `is of class ${known.logGroupClass}, not ${logClass}: a group's class is for life, choose another prefix`,
      run: async () => undefined,
    });
  }
  if (known?.retentionInDays !== retentionDays) {
    steps.push({
      kind: 'retention',
      target: name,
      what: `${known?.retentionInDays ?? 'never'} -> ${retentionDays} days`,
      run: () =>
        client.send(new PutRetentionPolicyCommand({ logGroupName: name, retentionInDays: retentionDays })),
    });
  }
  // Only the standard class has field indexes (API Reference § PutIndexPolicy).
  const actualClass = known?.logGroupClass ?? (known === undefined ? logClass : 'STANDARD');
  if (actualClass === 'STANDARD') {
    const before = known === undefined ? [] : await indexedFields(client, name);
    if (!isSameSet(before, indexFields)) {
      const policyDocument = JSON.stringify({ Fields: indexFields });
      steps.push({
        kind: 'index-policy',
        target: name,
        what: indexFields.join(', '),
        run: () => client.send(new PutIndexPolicyCommand({ logGroupIdentifier: name, policyDocument })),
      });
    }
  }
  return steps;
}

async function querySteps(options: LogGroupConfigOptions): Promise<readonly Step[]> {
  const { client, groups, queries = SAVED_QUERIES, queryPrefix } = options;
  const known = await savedQueries(client, queryPrefix);
  return queries.flatMap((query): readonly Step[] => {
    const name = `${queryPrefix}${query.name}`;
    const logGroupNames = query.groups.map((kind) => groups[kind].name);
    const same = known.find((candidate) => candidate.name === name);
    if (same?.queryString === query.query && isSameSet(same.logGroupNames ?? [], logGroupNames)) return [];
    const id = same?.queryDefinitionId;
    const command = new PutQueryDefinitionCommand({
      name,
      queryString: query.query,
      logGroupNames,
      ...(id === undefined ? {} : { queryDefinitionId: id }),
    });
    const what = id === undefined ? 'new' : 'changed';
    return [{ kind: 'saved-query', target: name, what, run: () => client.send(command) }];
  });
}

async function findGroup(client: CloudWatchLogsClient, name: string) {
  let nextToken: string | undefined;
  do {
    const page = await client.send(
      new DescribeLogGroupsCommand({ logGroupNamePrefix: name, ...(nextToken && { nextToken }) }),
    );
    const found = page.logGroups?.find(({ logGroupName }) => logGroupName === name);
    if (found !== undefined) return found;
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return undefined;
}

async function indexedFields(client: CloudWatchLogsClient, name: string): Promise<readonly string[]> {
  const { indexPolicies = [] } = await client.send(
    new DescribeIndexPoliciesCommand({ logGroupIdentifiers: [name] }),
  );
  const document: unknown = JSON.parse(indexPolicies[0]?.policyDocument ?? '{}');
  const { Fields: fields = [] } = document as { readonly Fields?: readonly string[] };
  return fields;
}

async function savedQueries(
  client: CloudWatchLogsClient,
  queryDefinitionNamePrefix: string,
): Promise<readonly QueryDefinition[]> {
  const found: QueryDefinition[] = [];
  let nextToken: string | undefined;
  do {
    const page = await client.send(
      new DescribeQueryDefinitionsCommand({ queryDefinitionNamePrefix, ...(nextToken && { nextToken }) }),
    );
    found.push(...(page.queryDefinitions ?? []));
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return found;
}

function isSameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((entry) => b.includes(entry));
}
