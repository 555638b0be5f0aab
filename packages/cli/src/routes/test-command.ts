/** `sluice routes test`. */

import { formatMatchers } from '@sluice/alerting/match/matcher';
import { groupKeyOf, groupLabelsOf, matchRoutes, pathToRoute } from '@sluice/alerting/route/route-tree';
import { CONFIG_DIR_OPTION, loadSetup } from '../alerts/load-setup.ts';
import { readLabels } from '../alerts/read-matchers.ts';
import { defineCommand, EXIT } from '../command.ts';
import { createStyle, safeJson, safeText } from '../terminal-text.ts';
import { describeRoute } from './show-command.ts';

export const testRoutesCommand = defineCommand({
  operands: 'LABEL=VALUE…',
  minOperands: 1,
  maxOperands: Number.POSITIVE_INFINITY,
  about: `Shows which routes of alertmanager.yml an alert with these labels takes, who is told, and in which
group. With --expect it says whether the receivers are those, by its exit code: for tests of a configuration.`,
  options: {
    'config-dir': CONFIG_DIR_OPTION,
    expect: { type: 'string', value: 'NAMES', help: 'exit with 1 unless exactly these receivers, by comma' },
  },
  examples: [
    'sluice routes test alertname=HighErrorRate severity=critical',
    'sluice routes test severity=warning team=payments --expect payments-slack,archive',
  ],
  async run({ options, positionals, json }, io) {
    const labels = readLabels(positionals);
    const { config } = await loadSetup(options['config-dir'], io, { fetch: io.fetch });
    const found = matchRoutes(config.route, labels).map((route) => ({
      route,
      path: pathToRoute(config.route, route),
      groupKey: groupKeyOf(route, groupLabelsOf(route, labels)),
    }));
    const receivers = found.map(({ route }) => route.receiver);
    const expected = options.expect?.split(',').map((name) => name.trim());
    const isExpected = expected === undefined || expected.join() === receivers.join();
    if (json) {
      io.stdout.write(
        `${safeJson({
          receivers,
          routes: found.map(({ route, path, groupKey }) => ({
            receiver: route.receiver,
            path: path.map(({ matchers }) => formatMatchers(matchers)),
            group: groupKey,
          })),
          ...(expected === undefined ? {} : { expected, ok: isExpected }),
        })}\n`,
      );
      return isExpected ? EXIT.ok : EXIT.failure;
    }
    const style = createStyle(io.stdout, io.env);
    for (const { route, groupKey } of found)
      io.stdout.write(`${describeRoute(route, style)}\n  group ${safeText(groupKey)}\n`);
    if (!isExpected)
      io.stderr.write(`expected ${safeText(expected.join(', '))}, got ${safeText(receivers.join(', '))}\n`);
    return isExpected ? EXIT.ok : EXIT.failure;
  },
});
