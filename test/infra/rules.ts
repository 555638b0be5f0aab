/** What every deployment has to keep to. Each rule answers what breaks it. */

import { type Deployment, toDeployment } from './deployment.ts';
import type { RecordedResource } from './recorder.ts';
import { dataRules } from './rules-data.ts';
import { functionRules } from './rules-functions.ts';
import { permissionRules } from './rules-permissions.ts';
import { queueRules } from './rules-queues.ts';
import { watchRules } from './rules-watch.ts';

export interface RuleContext {
  readonly stage: string;
  readonly edge: string;
  /** Names of environment variables that each function reads when it starts. */
  readonly readNames: ReadonlyMap<string, readonly string[]>;
  /** Names of those that its bundle holds, whenever they are read. */
  readonly namedNames: ReadonlyMap<string, readonly string[]>;
  /** What each function needs: `action resource`, as recorded end to end. */
  readonly needed: Readonly<Record<string, readonly string[]>>;
  /** Sections of docs/operate-aws.md. */
  readonly sections: readonly string[];
}

export type Rule = (deployment: Deployment, context: RuleContext) => readonly string[];

const RULES: readonly Rule[] = [
  ...queueRules,
  ...dataRules,
  ...functionRules,
  ...permissionRules,
  ...watchRules,
];

export function checkRules(resources: readonly RecordedResource[], context: RuleContext): readonly string[] {
  const deployment = toDeployment(resources);
  return RULES.flatMap((rule) => rule(deployment, context));
}
