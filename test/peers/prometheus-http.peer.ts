/**
 * The same odd requests to the whole of Sluice and to Debian's Prometheus, both without data: status, kind of
 * fault, allowed methods and data are equal, or the difference has a name.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, inflateSync } from 'node:zlib';
import { readLocalSettings } from '@sluice/core/local-settings';
import { ENV } from '@sluice/core/names';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LocalPipeline, startLocal } from '../../functions/local/start-local.ts';
import { HTTP_REQUESTS, type HttpRequest } from './prometheus/http-requests.ts';
import { type PrometheusProcess, startPrometheus } from './promql/start-prometheus.ts';

let prometheus: PrometheusProcess;
let sluice: LocalPipeline;
let dataDir: string;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'sluice-http-'));
  const env = { [ENV.dataDir]: dataDir, [ENV.ingestPort]: '0', [ENV.apiPort]: '0', [ENV.logLevel]: 'error' };
  [prometheus, sluice] = await Promise.all([
    startPrometheus(),
    startLocal(readLocalSettings(env), { writeLog: () => {} }),
  ]);
});

afterAll(async () => {
  await Promise.all([prometheus?.stop(), sluice?.stop()]);
  await rm(dataDir, { recursive: true, force: true });
});

interface Seen {
  readonly status: number;
  readonly allow?: string;
  readonly encoding?: string;
  readonly errorType?: string;
  readonly data?: unknown;
}

function ask(base: string, { method = 'GET', path, headers = {}, body = '' }: HttpRequest): Promise<Seen> {
  const { hostname, port } = new URL(base);
  return new Promise((resolve, reject) => {
    const options = { hostname, port, method, path: `/api/v1${path}`, agent: false };
    const length = body === '' ? {} : { 'content-length': Buffer.byteLength(body) };
    const sent = request({ ...options, headers: { ...headers, ...length } }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => {
        const { statusCode = 0, headers: answered } = response;
        const encoding = answered['content-encoding'];
        const text = unpack(Buffer.concat(parts), encoding).toString();
        resolve({
          status: statusCode,
          ...(answered.allow !== undefined && { allow: answered.allow }),
          ...(encoding !== undefined && { encoding }),
          ...envelopeOf(text),
        });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

function unpack(bytes: Buffer, encoding: string | undefined): Buffer {
  if (encoding === 'gzip') return gunzipSync(bytes);
  return encoding === 'deflate' ? inflateSync(bytes) : bytes;
}

function envelopeOf(text: string): Pick<Seen, 'errorType' | 'data'> {
  if (!text.startsWith('{')) return {};
  const { errorType, data } = JSON.parse(text) as Pick<Seen, 'errorType' | 'data'>;
  return { ...(errorType !== undefined && { errorType }), ...(data !== undefined && { data }) };
}

/** Why an answer is another than that of Prometheus 2.42, which writes faults of its router as plain text. */
const REASONS = {
  notATime: 'Prometheus takes NaN and Inf for a time before history',
  dividesByZero: 'Prometheus divides by zero',
  newer: 'of a later release: parameters, fields, label names in UTF-8',
  dropsSeries: 'Prometheus answers that deleting is not implemented, with 500',
  redirects: 'Prometheus sends clients to another path, which is not there either behind a prefix',
  postsAlerts: 'the path takes alerts, as that of Alertmanager does',
  ownTime: 'times of the server itself',
  notServed: 'nothing that could be told here',
} as const;

const EXPLAINED: Readonly<Record<string, keyof typeof REASONS>> = {
  'a time that is NaN': 'notATime',
  'a time that is infinite': 'notATime',
  'a time that is minus infinite': 'notATime',
  'a time with a huge zone': 'newer',
  'a step below a millisecond': 'dividesByZero',
  'values of a label that is none': 'newer',
  'values of a label with a digit first': 'newer',
  'values of no label': 'redirects',
  'targets in a state': 'newer',
  'targets in no state': 'newer',
  'a path with a slash behind it': 'redirects',
  'a path in capitals': 'redirects',
  'the root': 'redirects',
  'DELETE of series': 'dropsSeries',
  'POST of alerts': 'postsAlerts',
  statistics: 'ownTime',
  'a bad lookback': 'newer',
  'the flags': 'notServed',
  'the configuration': 'notServed',
  'the store': 'notServed',
  'the write-ahead log': 'notServed',
  'the metadata of targets': 'notServed',
};

test.each(Object.entries(HTTP_REQUESTS))('%s', async (name, own) => {
  const [ours, theirs] = await Promise.all([ask(sluice.apiUrl, own), ask(prometheus.url, own)]);
  // Ours are always in the envelope.
  const { errorType = theirs.errorType, ...rest } = theirs;
  const kind = theirs.status >= 400 && theirs.errorType === undefined ? ours.errorType : errorType;
  const expected = { ...rest, ...(kind !== undefined && { errorType: kind }) };
  const reason = EXPLAINED[name];
  if (reason === undefined) expect(ours).toEqual(expected);
  else expect(ours).not.toEqual(expected);
  if (ours.status >= 400 && own.method !== 'HEAD') expect(ours.errorType).toMatch(/^[a-z_]+$/);
});

test('every difference has a request', () => {
  for (const name of Object.keys(EXPLAINED)) expect(Object.keys(HTTP_REQUESTS)).toContain(name);
});
