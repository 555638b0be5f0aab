/** Function `query`: the read APIs. */
import { toHttpHandler } from './aws/http-door.ts';
import { openProcess } from './aws/process.ts';
import { createCloudQuery } from './aws/query-app.ts';

const own = openProcess(process.env);
const app = await createCloudQuery(own);

export const handler = toHttpHandler({ fetch: (request) => app.fetch(request), process: own });
