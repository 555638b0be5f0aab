/** The SDK's client of SQS. Region, endpoint and credentials are those of the AWS environment. A file for each service: what is not imported need not be loaded. */
import { SQSClient } from '@aws-sdk/client-sqs';

export function createSqsClient(): SQSClient {
  return new SQSClient({});
}
