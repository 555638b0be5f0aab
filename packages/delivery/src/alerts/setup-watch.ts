/** The configuration of alerting as it is now: read again when its files change, kept as it was when they are wrong. */
import type { AlertingSetup, LoadedSetup } from '@sluice/alerting/config/alerting-setup';
import { formatProblem } from '@sluice/config/problem';
import type { Logger } from '@sluice/core/logger';
import { METRIC } from '@sluice/core/names';
import type { SelfMetrics } from '@sluice/core/self-metrics';

export interface SetupWatchOptions {
  /** Changes when any file does that `load` reads; undefined while there is no configuration. */
  readonly signature: () => string | undefined;
  /** @throws when a file cannot be read */
  readonly load: () => Promise<LoadedSetup>;
  readonly selfMetrics: SelfMetrics;
  readonly logger: Logger;
}

export interface SetupWatch {
  current(): AlertingSetup | undefined;
  /** Why the files as they are now are not what is in force; empty when they are. */
  problems(): readonly string[];
  /** Looks at the files. */
  refresh(): Promise<void>;
}

export function createSetupWatch({ signature, load, selfMetrics, logger }: SetupWatchOptions): SetupWatch {
  const gauge = selfMetrics.gauge(
    METRIC.alertingConfig,
    'Whether the last read of alertmanager.yml was good.',
  );
  let setup: AlertingSetup | undefined;
  let problems: readonly string[] = [];
  let seen: string | undefined;

  const refuse = (found: readonly string[]): void => {
    problems = found;
    gauge.set(0);
    logger.error(
      setup === undefined
        ? 'the configuration of alerting is wrong: nobody is notified'
        : 'the configuration of alerting is wrong: the one before stays in force',
      { problems: found.join('\n') },
    );
  };

  return {
    current: () => setup,
    problems: () => problems,
    async refresh() {
      const now = signature();
      if (now === seen) return;
      seen = now;
      if (now === undefined) {
        if (setup !== undefined) logger.warn('alertmanager.yml is gone: nobody is notified');
        setup = undefined;
        problems = [];
        return;
      }
      try {
        const loaded = await load();
        const lines = loaded.problems.map(formatProblem);
        if (loaded.setup === undefined) return refuse(lines);
        for (const line of lines) logger.warn('configuration of alerting', { problem: line });
        logger.info('the configuration of alerting is in force', {
          receivers: loaded.setup.config.receivers.size,
        });
        setup = loaded.setup;
        problems = [];
        gauge.set(1);
        // Which files belong to it may have changed with it.
        seen = signature();
      } catch (error) {
        refuse([error instanceof Error ? error.message : String(error)]);
      }
    },
  };
}
