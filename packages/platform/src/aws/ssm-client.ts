/** The SDK's client of Parameter Store. Region, endpoint and credentials are those of the AWS environment. A file for each service: what is not imported need not be loaded. */
import { SSMClient } from '@aws-sdk/client-ssm';

export function createSsmClient(): SSMClient {
  return new SSMClient({});
}
