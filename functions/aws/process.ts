/** What every function has, made once an environment: clock, log, and its own metrics. */
import { createLogger, LOG_LEVELS, type Logger } from '@sluice/core/logger';
import { CLOUD_ENV, ENV } from '@sluice/core/names';
import { type Clock, systemClock } from '@sluice/core/ports/clock';
import { createSelfMetrics, type SelfMetrics } from '@sluice/core/self-metrics';
import { type Environment, readChoice } from '@sluice/core/settings';
import type { SelfTracer } from '@sluice/delivery/self-traces/self-tracer';
import type { SendSpans } from '@sluice/delivery/self-traces/send-spans';
import { createEmbeddedMetrics } from './embedded-metrics.ts';
import { requireText } from './require-text.ts';
import { openSelfTracer } from './self-traces.ts';

export interface CloudProcess {
  readonly env: Environment;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly selfMetrics: SelfMetrics;
  /** Its own spans. */
  readonly tracer: SelfTracer;
  /** Writes what has been counted since the last time; at the end of every invocation. */
  report(): Promise<void>;
}

export interface ProcessOptions {
  /** Where its own spans go, if not onto the queue of traces. */
  readonly sendSpans?: SendSpans;
}

export function openProcess(env: Environment, { sendSpans }: ProcessOptions = {}): CloudProcess {
  const clock = systemClock;
  const write = (line: string): void => void process.stdout.write(line.endsWith('\n') ? line : `${line}\n`);
  const selfMetrics = createSelfMetrics();
  return {
    env,
    clock,
    logger: createLogger({
      level: readChoice(env, ENV.logLevel, LOG_LEVELS, 'info'),
      write,
      nowMs: clock.nowMs,
    }),
    selfMetrics,
    tracer: openSelfTracer({ env, clock, selfMetrics }, sendSpans),
    report: createEmbeddedMetrics({
      selfMetrics,
      dimensions: {
        stage: requireText(env, CLOUD_ENV.stage),
        function: requireText(env, CLOUD_ENV.functionName),
      },
      write,
      nowMs: clock.nowMs,
    }),
  };
}
