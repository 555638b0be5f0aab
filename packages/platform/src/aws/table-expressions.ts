/**
 * Conditions and key ranges in DynamoDB's expression language. Every name is aliased, since many plain
 * words are reserved; expired items count as absent although DynamoDB may keep them for days.
 */
import type { AttributeValue as DynamoValue } from '@aws-sdk/client-dynamodb';
import type { Condition, QueryOptions } from '@sluice/core/ports/table';
import { toDynamoValue } from './attribute-values.ts';

export interface ExpressionNames {
  readonly ExpressionAttributeNames: Record<string, string>;
  readonly ExpressionAttributeValues: Record<string, DynamoValue>;
}

/** True for items without an expiry and for those whose time has not come. */
export const IS_LIVE = '(attribute_not_exists(#expires) OR #expires > :now)';

export function liveNames(nowSeconds: number): ExpressionNames {
  return {
    ExpressionAttributeNames: { '#expires': 'expiresAt' },
    ExpressionAttributeValues: { ':now': toDynamoValue(nowSeconds) },
  };
}

export function toConditionExpression(
  condition: Condition | undefined,
  nowSeconds: number,
): (ExpressionNames & { readonly ConditionExpression: string }) | undefined {
  if (condition === undefined) return undefined;
  const { ExpressionAttributeNames: names, ExpressionAttributeValues: values } = liveNames(nowSeconds);
  switch (condition.kind) {
    case 'absent':
      return {
        ConditionExpression: 'attribute_not_exists(#pk) OR #expires <= :now',
        ExpressionAttributeNames: { ...names, '#pk': 'pk' },
        ExpressionAttributeValues: values,
      };
    case 'exists':
      return {
        ConditionExpression: `attribute_exists(#pk) AND ${IS_LIVE}`,
        ExpressionAttributeNames: { ...names, '#pk': 'pk' },
        ExpressionAttributeValues: values,
      };
    case 'equals':
      return {
        ConditionExpression: `#attribute = :value AND ${IS_LIVE}`,
        ExpressionAttributeNames: { ...names, '#attribute': condition.attribute },
        ExpressionAttributeValues: { ...values, ':value': toDynamoValue(condition.value) },
      };
  }
}

export function toQueryExpression(
  { pk, from, to, prefix }: QueryOptions,
  nowSeconds: number,
): ExpressionNames & { readonly KeyConditionExpression: string; readonly FilterExpression: string } {
  const range = toRange({ from, to, prefix });
  const { ExpressionAttributeNames: names, ExpressionAttributeValues: values } = liveNames(nowSeconds);
  return {
    KeyConditionExpression: ['#pk = :pk', ...range.conditions].join(' AND '),
    FilterExpression: IS_LIVE,
    ExpressionAttributeNames: {
      ...names,
      '#pk': 'pk',
      ...(range.conditions.length > 0 ? { '#sk': 'sk' } : {}),
    },
    ExpressionAttributeValues: { ...values, ':pk': toDynamoValue(pk), ...range.values },
  };
}

interface Bounds {
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly prefix: string | undefined;
}

/** Empty texts are no legal key values: as a lower bound or a prefix they bound nothing. */
function toRange({ from = '', to, prefix = '' }: Bounds): {
  readonly conditions: readonly string[];
  readonly values: Record<string, DynamoValue>;
} {
  if (prefix !== '')
    return { conditions: ['begins_with(#sk, :prefix)'], values: { ':prefix': { S: prefix } } };
  if (from !== '' && to !== undefined) {
    return { conditions: ['#sk BETWEEN :from AND :to'], values: { ':from': { S: from }, ':to': { S: to } } };
  }
  if (from !== '') return { conditions: ['#sk >= :from'], values: { ':from': { S: from } } };
  if (to !== undefined) return { conditions: ['#sk <= :to'], values: { ':to': { S: to } } };
  return { conditions: [], values: {} };
}
