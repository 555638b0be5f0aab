/** Local mode's own spans: one a request to the ingest port and one a scheduled job, straight into the store of traces. */
import { parseTenantId } from '@sluice/core/ids';
import { DEFAULT_TENANT, HEADER } from '@sluice/core/names';
import type { Clock } from '@sluice/core/ports/clock';
import type { Scheduler } from '@sluice/core/ports/scheduler';
import type { Sink } from '@sluice/core/ports/sink';
import type { SelfMetrics } from '@sluice/core/self-metrics';
import { SPAN_KIND } from '@sluice/delivery/self-traces/encode-self-spans';
import { routeOf } from '@sluice/delivery/self-traces/http-route';
import { createSelfTracer, type SelfTracer } from '@sluice/delivery/self-traces/self-tracer';
import { sendSpansToSink } from '@sluice/delivery/self-traces/send-spans';

export interface LocalTracerOptions {
  readonly ratio: number;
  readonly store: Pick<Sink, 'push'>;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly selfMetrics: SelfMetrics;
}

/** Where no key is asked for, the default tenant reads them. */
export function openLocalTracer({ store, ...options }: LocalTracerOptions): SelfTracer {
  return createSelfTracer({
    ...options,
    resource: { 'service.name': 'sluice', 'service.namespace': 'sluice', 'process.pid': process.pid },
    send: sendSpansToSink(store, options.clock, parseTenantId(DEFAULT_TENANT)),
  });
}

type Fetch = (request: Request) => Response | Promise<Response>;

/** The answer does not wait for the span. */
export function traceRequests(fetch: Fetch, tracer: SelfTracer): Fetch {
  return async (request) => {
    const { method, url, headers } = request;
    const route = routeOf(new URL(url).pathname);
    try {
      return await tracer.run(
        {
          name: route === undefined ? method : `${method} ${route}`,
          kind: SPAN_KIND.server,
          attributes: { 'http.request.method': method, 'http.route': route, 'url.scheme': 'http' },
          parents: [headers.get(HEADER.traceparent)],
        },
        async (span) => {
          const response = await fetch(request);
          span.set({ 'http.response.status_code': response.status });
          if (response.status >= 500) span.fail(`answered ${response.status}`);
          return response;
        },
      );
    } finally {
      void tracer.flush();
    }
  };
}

export function traceJobs<S extends Scheduler>(scheduler: S, tracer: SelfTracer): S {
  return {
    ...scheduler,
    register({ run, ...job }) {
      scheduler.register({
        ...job,
        async run(tick) {
          const invocation = { name: job.name, kind: SPAN_KIND.internal, attributes: {}, parents: [] };
          try {
            await tracer.run(invocation, () => run(tick));
          } finally {
            void tracer.flush();
          }
        },
      });
    },
  };
}
