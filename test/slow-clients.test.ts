/** Clients that hold a connection without finishing their request, over real sockets. */

import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { serve } from '@hono/node-server';
import { silentLogger } from '@sluice/core/logger';
import { systemClock } from '@sluice/core/ports/clock';
import { createSelfMetrics } from '@sluice/core/self-metrics';
import { createIngestApp } from '@sluice/ingest/ingest-app';
import { createMemoryQueue } from '@sluice/ingest/testing/memory-queue';
import { expect, test } from 'vitest';

test.each([
  ['with a length', 'content-length: 1000\r\n\r\nabc'],
  ['in chunks', 'transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n'],
])('a body %s that stops half-way is answered 408, and the connection is closed', async (_, rest) => {
  const queue = createMemoryQueue('traces');
  const app = createIngestApp({
    queues: { traces: queue, logs: queue, metrics: queue },
    clock: systemClock,
    selfMetrics: createSelfMetrics(),
    logger: silentLogger,
    bodyTimeoutMs: 50,
  });
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' });
  await new Promise<void>((resolve) => server.once('listening', () => resolve()));
  const { port } = server.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1');
  try {
    socket.write(
      `POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-protobuf\r\n${rest}`,
    );
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
    });
    await new Promise((resolve) => socket.once('close', resolve));
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toMatch(/connection: close/i);
    expect(answer).toContain('did not arrive within 0.05 s');
    expect(queue.sent).toEqual([]);
  } finally {
    socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
});
