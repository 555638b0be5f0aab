/** The SDK's client of DynamoDB. Region, endpoint and credentials are those of the AWS environment. A file for each service: what is not imported need not be loaded. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';

export function createDynamoDbClient(): DynamoDBClient {
  return new DynamoDBClient({});
}
