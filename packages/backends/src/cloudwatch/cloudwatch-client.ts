/** The SDK's client as the sink wants it. Region and credentials are those of the AWS environment. */
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';

/** `endpoint`: another server that speaks the protocol. Tries once: waiting is for the queue, which others can use meanwhile. */
export function createCloudWatchClient({ endpoint }: { readonly endpoint?: string }): CloudWatchLogsClient {
  return new CloudWatchLogsClient({ maxAttempts: 1, ...(endpoint === undefined ? {} : { endpoint }) });
}
