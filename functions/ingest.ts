/** Function `ingest`: HTTP requests onto queues. */
import { ENV } from '@sluice/core/names';
import { toHttpHandler } from './aws/http-door.ts';
import { createCloudIngest } from './aws/ingest-app.ts';
import { openProcess } from './aws/process.ts';
import { readSecrets } from './aws/read-secrets.ts';

const own = openProcess(process.env);
const { fetch, flush } = createCloudIngest(own, await readSecrets(process.env, [ENV.redactionSecret]));

export const handler = toHttpHandler({ fetch, flush, process: own });
