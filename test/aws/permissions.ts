/**
 * What functions were seen to use, beside what they are granted, in words that are the same for every stage:
 * `action resource`. The recording of a run is where `test/infra/needed-permissions.json` comes from.
 */
import { type Inputs, list, statementsOf } from '../infra/deployment.ts';
import { partOf } from '../infra/rules-functions.ts';
import { toWord } from '../infra/rules-permissions.ts';
import type { AwsCall } from './aws-endpoint.ts';

/** `action resource` by function. */
export type PermissionWords = Readonly<Record<string, readonly string[]>>;

interface WordsOptions {
  readonly stage: string;
}

/** What AWS does with a role by itself, so that no function is ever seen to call it. */
export interface CallByAws {
  readonly role: string;
  readonly word: string;
  readonly why: string;
}

/** `functions` are all names; `scheduled` those that EventBridge Scheduler invokes. */
export function listCallsByAws(
  functions: readonly string[],
  scheduled: readonly string[],
): readonly CallByAws[] {
  return [
    ...functions.flatMap((role) =>
      ['logs:CreateLogStream', 'logs:PutLogEvents'].map((action) => ({
        role,
        word: `${action} logs /aws/lambda/${role}`,
        why: 'the runtime writes what a function prints (Lambda Developer Guide § Working with log groups)',
      })),
    ),
    ...scheduled.flatMap((name) => [
      {
        role: name,
        word: 'sqs:SendMessage queue schedules-dead',
        why: 'Lambda puts away an event whose retries are used up, with the role of the function (§ Destinations)',
      },
      {
        role: 'scheduler',
        word: `lambda:InvokeFunction function ${name}`,
        why: 'EventBridge Scheduler invokes with a role of its own (Scheduler User Guide § Execution role)',
      },
    ]),
    {
      role: 'scheduler',
      word: 'sqs:SendMessage queue schedules-dead',
      why: 'EventBridge Scheduler puts away what it could not hand over (§ Dead-letter queue)',
    },
  ];
}

/** The statements that calls were allowed by; of refused ones, what it would have taken. */
export function wordsOfCalls(calls: readonly AwsCall[], { stage }: WordsOptions): PermissionWords {
  return group(
    calls.map(({ caller, action, arn, permission }) => ({
      role: caller,
      word: `${action} ${toWord(permission?.resource ?? arn, stage)}`,
    })),
  );
}

/** Of the roles as they were deployed. */
export function wordsOfRoles(roles: readonly Inputs[], { stage }: WordsOptions): PermissionWords {
  return group(
    roles.flatMap(({ name, inlinePolicies = [] }) =>
      (inlinePolicies as readonly { readonly policy: string }[])
        .flatMap(({ policy }) => statementsOf(policy))
        .flatMap(({ Action, Resource }) =>
          list(Action).flatMap((action) =>
            list(Resource).map((arn) => ({
              role: partOf(name, stage),
              word: `${action} ${toWord(arn, stage)}`,
            })),
          ),
        ),
    ),
  );
}

export function wordsOfAws(calls: readonly CallByAws[]): PermissionWords {
  return group(calls);
}

export function mergeWords(...all: readonly PermissionWords[]): PermissionWords {
  return group(
    all.flatMap((words) =>
      Object.entries(words).flatMap(([role, own]) => own.map((word) => ({ role, word }))),
    ),
  );
}

/** Sorted, each once. */
function group(entries: readonly { readonly role: string; readonly word: string }[]): PermissionWords {
  const byRole = Map.groupBy(entries, ({ role }) => role);
  return Object.fromEntries(
    [...byRole]
      .map(([role, own]) => [role, [...new Set(own.map(({ word }) => word))].sort()] as const)
      .sort(([a], [b]) => a.localeCompare(b)),
  );
}
