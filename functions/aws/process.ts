/** What every function has, made once an environment: clock, log, and its own metrics. */
import { createLogger, LOG_LEVELS, type Logger } from '@sluice/core/logger';
import { CLOUD_ENV, ENV } from '@sluice/core/names';
import { type Clock, systemClock } from '@sluice/core/ports/clock';
import { createSelfMetrics, type SelfMetrics } from '@sluice/core/self-metrics';
import { type Environment, readChoice } from '@sluice/core/settings';
import { createEmbeddedMetrics } from './embedded-metrics.ts';
import { requireText } from './require-text.ts';

export interface CloudProcess {
  readonly env: Environment;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly selfMetrics: SelfMetrics;
  /** Writes what has been counted since the last time; at the end of every invocation. */
  report(): Promise<void>;
}

export function openProcess(env: Environment): CloudProcess {
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
