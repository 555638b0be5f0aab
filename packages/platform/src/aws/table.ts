/**
 * The Table port on Amazon DynamoDB: a table with the key (`pk`, `sk`) and TTL on `expiresAt`.
 * Throttling and outages are thrown (retryable), a request that can never succeed is a PermanentError.
 */
import {
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { PermanentError } from '@sluice/core/errors';
import { type Clock, systemClock } from '@sluice/core/ports/clock';
import type { Item, Key, Table } from '@sluice/core/ports/table';
import { checkAddition, checkKey, toStorableItem } from '../table/item-rules.ts';
import { checkQuery, decodeCursor, encodeCursor, isEmptyRange } from '../table/query-range.ts';
import { fromDynamoItem, toDynamoItem, toDynamoValue } from './attribute-values.ts';
import { IS_LIVE, liveNames, toConditionExpression, toQueryExpression } from './table-expressions.ts';

export interface DynamoTableOptions {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  readonly clock?: Clock;
}

/** Two processes that revive one expired counter at the same moment settle it in a round or two. */
const MAX_ADD_ROUNDS = 5;

export function createDynamoTable({ client, tableName, clock = systemClock }: DynamoTableOptions): Table {
  const TableName = tableName;
  const nowSeconds = (): number => Math.floor(clock.nowMs() / 1000);
  const isLive = (item: Item): boolean => item.expiresAt === undefined || item.expiresAt > nowSeconds();

  const guard = async <T>(call: () => Promise<T>): Promise<T> => {
    try {
      return await call();
    } catch (error) {
      throw toTableError(tableName, error);
    }
  };
  /** `conflict` when the condition did not hold. */
  const conditional = (call: () => Promise<unknown>): Promise<'ok' | 'conflict'> =>
    guard(async () => {
      try {
        await call();
        return 'ok';
      } catch (error) {
        if (isConditionFailure(error)) return 'conflict';
        throw error;
      }
    });

  const addToLive = (key: Key, attribute: string, delta: number, expiresAt?: number) => {
    const names = liveNames(nowSeconds());
    const set = expiresAt === undefined ? '' : ' SET #expires = :expires';
    return client.send(
      new UpdateItemCommand({
        TableName,
        Key: toAddress(key),
        UpdateExpression: `ADD #counter :delta${set}`,
        ConditionExpression: IS_LIVE,
        ExpressionAttributeNames: { ...names.ExpressionAttributeNames, '#counter': attribute },
        ExpressionAttributeValues: {
          ...names.ExpressionAttributeValues,
          ':delta': toDynamoValue(delta),
          ...(expiresAt === undefined ? {} : { ':expires': toDynamoValue(expiresAt) }),
        },
        ReturnValues: 'UPDATED_NEW',
      }),
    );
  };
  const replaceExpired = (item: Item): Promise<'ok' | 'conflict'> =>
    conditional(() =>
      client.send(
        new PutItemCommand({
          TableName,
          Item: toDynamoItem(item),
          ConditionExpression: '#expires <= :now',
          ...liveNames(nowSeconds()),
        }),
      ),
    );

  return {
    async get(key, { consistent = false } = {}) {
      checkKey(key);
      const { Item: found } = await guard(() =>
        client.send(new GetItemCommand({ TableName, Key: toAddress(key), ConsistentRead: consistent })),
      );
      const item = found === undefined ? undefined : fromDynamoItem(found);
      return item !== undefined && isLive(item) ? item : undefined;
    },
    async put(item, { condition } = {}) {
      const input = {
        TableName,
        Item: toDynamoItem(toStorableItem(item)),
        ...toConditionExpression(condition, nowSeconds()),
      };
      return conditional(() => client.send(new PutItemCommand(input)));
    },
    async delete(key, { condition } = {}) {
      checkKey(key);
      const input = { TableName, Key: toAddress(key), ...toConditionExpression(condition, nowSeconds()) };
      return conditional(() => client.send(new DeleteItemCommand(input)));
    },
    async add(key, attribute, delta, { expiresAt } = {}) {
      checkKey(key);
      checkAddition(attribute, delta);
      const address = { pk: key.pk, sk: key.sk };
      return guard(async () => {
        for (let round = 0; round < MAX_ADD_ROUNDS; round++) {
          try {
            const { Attributes } = await addToLive(address, attribute, delta, expiresAt);
            return Number(Attributes?.[attribute]?.N);
          } catch (error) {
            if (!isConditionFailure(error)) throw error;
          }
          const fresh = { ...address, [attribute]: delta, ...(expiresAt === undefined ? {} : { expiresAt }) };
          if ((await replaceExpired(toStorableItem(fresh))) === 'ok') return delta;
        }
        throw new Error(`${key.pk}/${key.sk} kept changing while it was added to; try again`);
      });
    },
    async query(options) {
      checkQuery(options);
      const start = options.cursor === undefined ? undefined : decodeCursor(options.cursor);
      if (isEmptyRange(options)) return { items: [] };
      const { pk, limit, reverse = false, consistent = false } = options;
      const { Items = [], LastEvaluatedKey } = await guard(() =>
        client.send(
          new QueryCommand({
            TableName,
            ...toQueryExpression(options, nowSeconds()),
            ScanIndexForward: !reverse,
            ConsistentRead: consistent,
            ...(limit === undefined ? {} : { Limit: limit }),
            ...(start === undefined ? {} : { ExclusiveStartKey: toAddress({ pk, sk: start }) }),
          }),
        ),
      );
      const last = LastEvaluatedKey?.sk?.S;
      const items = Items.map(fromDynamoItem);
      return last === undefined ? { items } : { items, cursor: encodeCursor(last) };
    },
  };
}

/** Only the key, whatever else the caller's object holds. */
function toAddress({ pk, sk }: Key) {
  return toDynamoItem({ pk, sk });
}

function isConditionFailure(error: unknown): boolean {
  return error instanceof Error && error.name === 'ConditionalCheckFailedException';
}

function toTableError(tableName: string, error: unknown): Error {
  if (error instanceof PermanentError) return error;
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  const text = `table ${tableName}: ${name}: ${message}`;
  if (name === 'ValidationException' || name === 'ItemCollectionSizeLimitExceededException') {
    return new PermanentError(text, { cause: error });
  }
  return new Error(text, { cause: error });
}
