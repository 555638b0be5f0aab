/** The SDK's client of KMS. Region, endpoint and credentials are those of the AWS environment. A file for each service: what is not imported need not be loaded. */
import { KMSClient } from '@aws-sdk/client-kms';

export function createKmsClient(): KMSClient {
  return new KMSClient({});
}
