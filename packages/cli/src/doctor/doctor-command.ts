/** `sluice doctor`. */
import { describeError } from '@sluice/core/errors';
import { checkLocalSettings, type LocalSettings } from '@sluice/core/local-settings';
import { ENV } from '@sluice/core/names';
import { defineCommand, EXIT } from '../command.ts';
import { DATA_DIR_OPTION, dataDirOf } from '../data-dir.ts';
import type { Io } from '../io.ts';
import { apiUrlOf, ingestUrlOf } from '../pipeline-urls.ts';
import { plural } from '../quantity.ts';
import { createStyle, type Style, safeJson, safeText } from '../terminal-text.ts';
import type { Check, CheckResult } from './check.ts';
import { checkDeadLetters, checkKeys } from './check-data.ts';
import { checkDestination } from './check-destination.ts';
import { checkDataDir, checkDisk, checkNode, checkPorts, checkSettings } from './check-machine.ts';
import { probePipeline } from './probe-pipeline.ts';
import { probeTempo } from './probe-tempo.ts';

export const doctorCommand = defineCommand({
  about: `Checks what must hold for the pipeline to work: Node, settings, ports, data directory, disk, keys, dead
letters, destinations. With --probe, it also sends a trace and a log record through the running
pipeline and looks for them, and proves whether Tempo reads joined gzip. Fails when a check fails.`,
  options: {
    probe: { type: 'boolean', help: 'send something through and look for it' },
    'data-dir': DATA_DIR_OPTION,
  },
  examples: ['sluice doctor', 'sluice doctor --probe --json'],
  async run({ options, json }, io) {
    const dir = dataDirOf(options['data-dir'], io);
    const { settings } = checkLocalSettings(io.env);
    const checks = [checkNode, checkSettings, checkDataDir(dir), checkDisk(dir), checkDeadLetters(dir)];
    if (settings !== undefined) {
      checks.push(checkPorts(settings), checkKeys(dir, settings), ...destinationChecks(settings));
      if (options.probe) checks.push(...probes(settings, io));
    }
    const style = createStyle(io.stdout, io.env);
    const results: CheckResult[] = [];
    for (const check of checks) {
      for (const result of await runCheck(check, io)) {
        results.push(result);
        if (!json) io.stdout.write(renderResult(result, style));
      }
    }
    const failed = results.filter(({ status }) => status === 'fail').length;
    const warned = results.filter(({ status }) => status === 'warn').length;
    io.stdout.write(
      json
        ? `${safeJson({ ok: failed === 0, checks: results })}\n`
        : `${plural(results.length, 'check')}: ${failed} failed, ${plural(warned, 'warning')}\n`,
    );
    return failed === 0 ? EXIT.ok : EXIT.failure;
  },
});

async function runCheck(check: Check, io: Io): Promise<readonly CheckResult[]> {
  try {
    return (await check.run(io)).map((finding) => ({ name: check.name, ...finding }));
  } catch (error) {
    return [{ name: check.name, status: 'fail', detail: describeError(error) }];
  }
}

function destinationChecks({ tempo, loki }: LocalSettings): readonly Check[] {
  return [
    ...(tempo === undefined
      ? []
      : [
          checkDestination({
            name: 'tempo',
            settings: tempo,
            urlSetting: ENV.tempoUrl,
            authSetting: ENV.tempoAuth,
            path: '/v1/traces',
            contentType: 'application/json',
            emptyPush: '{"resourceSpans":[]}',
          }),
        ]),
    ...(loki === undefined
      ? []
      : [
          checkDestination({
            name: 'loki',
            settings: loki,
            urlSetting: ENV.lokiUrl,
            authSetting: ENV.lokiAuth,
            path: '/loki/api/v1/push',
            contentType: 'application/json',
            emptyPush: '{"streams":[]}',
          }),
        ]),
  ];
}

function probes({ tempo }: LocalSettings, { env }: Io): readonly Check[] {
  return [
    probePipeline({ ingestUrl: ingestUrlOf(env), apiUrl: apiUrlOf(env) }),
    ...(tempo === undefined ? [] : [probeTempo(tempo)]),
  ];
}

function renderResult({ name, status, detail, remedy }: CheckResult, style: Style): string {
  const mark = { ok: style.green('ok  '), warn: style.yellow('warn'), fail: style.red('FAIL') }[status];
  const hint = remedy === undefined ? '' : ` ${style.dim(`(${remedy})`)}`;
  return `${mark}  ${name.padEnd(14)}  ${safeText(detail)}${hint}\n`;
}
