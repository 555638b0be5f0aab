/** The SDK's client as the sink wants it. Region and credentials are those of the AWS environment. */
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';

/**
 * Two: a function that was frozen finds its connections closed, and says so by a first call that fails. Longer
 * waiting is for the queue, which others can use meanwhile.
 */
const MAX_ATTEMPTS = 2;

/** `endpoint`: another server that speaks the protocol. */
export function createCloudWatchClient({ endpoint }: { readonly endpoint?: string }): CloudWatchLogsClient {
  return new CloudWatchLogsClient({
    maxAttempts: MAX_ATTEMPTS,
    ...(endpoint === undefined ? {} : { endpoint }),
  });
}
