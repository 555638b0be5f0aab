/**
 * The log groups that telemetry goes to, with what makes them readable: fields that are indexed and queries
 * that are saved. The same as `applyLogGroupConfig` gives groups that local mode fills.
 */
import queries from './saved-queries.json';
import { nameOf, type Settings } from './settings';

export const GROUP_KINDS = ['app', 'audit', 'security'] as const;
type GroupKind = (typeof GROUP_KINDS)[number];
export type LogGroups = Readonly<Record<GroupKind, aws.cloudwatch.LogGroup>>;

export function groupPrefix({ stage }: Pick<Settings, 'stage'>): string {
  return `/sluice/${stage}/`;
}

export function createLogGroups(settings: Settings): LogGroups {
  const create = (kind: GroupKind): aws.cloudwatch.LogGroup => {
    const isApp = kind === 'app';
    const group = new aws.cloudwatch.LogGroup(
      `Logs-${kind}`,
      {
        name: `${groupPrefix(settings)}${kind}`,
        retentionInDays: isApp ? settings.logRetentionDays : settings.auditRetentionDays,
        logGroupClass: isApp ? settings.logClass : 'STANDARD',
      },
      { retainOnDelete: settings.keepData },
    );
    // Only the standard class has field indexes (CloudWatch Logs API Reference § PutIndexPolicy).
    if (!isApp || settings.logClass === 'STANDARD') {
      new aws.cloudwatch.LogIndexPolicy(`LogIndex-${kind}`, {
        logGroupName: group.name,
        policyDocument: JSON.stringify({ Fields: queries.indexFields }),
      });
    }
    return group;
  };
  const groups = { app: create('app'), audit: create('audit'), security: create('security') };
  for (const { name, groups: kinds, query } of queries.savedQueries) {
    new aws.cloudwatch.QueryDefinition(`Query-${name.replace(/[^A-Za-z]+/g, '-')}`, {
      name: `${nameOf(settings, 'logs')}/${name}`,
      queryString: query,
      logGroupNames: kinds.map((kind) => groups[kind as GroupKind].name),
    });
  }
  return groups;
}
