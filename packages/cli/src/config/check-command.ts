/** `sluice config check`. */
import { checkLocalSettings, isLoopbackHost, type LocalSettings } from '@sluice/core/local-settings';
import { ENV } from '@sluice/core/names';
import type { Environment } from '@sluice/core/settings';
import { defineCommand, EXIT } from '../command.ts';
import { nearest } from '../nearest.ts';
import { plural } from '../quantity.ts';
import { createStyle, safeJson, safeText } from '../terminal-text.ts';
import { checkFolder } from './check-folder.ts';

export const checkConfigCommand = defineCommand({
  about: `Checks the settings in the environment and the files of the configuration folder as "npm start" would,
and tells everything that is wrong at once, with file, line and column, also variables that look like settings
but are none.`,
  options: {},
  examples: ['sluice config check', 'SLUICE_INGEST_PORT=eighty sluice config check --json'],
  async run({ json }, io) {
    const { settings, problems: wrong } = checkLocalSettings(io.env);
    const folder = await checkFolder(io);
    const problems = [...wrong, ...unknownSettings(io.env), ...folder.problems];
    const notes = [...(settings === undefined ? [] : notesOn(settings)), ...folder.notes];
    if (json) {
      io.stdout.write(
        `${safeJson({ ok: problems.length === 0, problems, notes, settings: settings === undefined ? null : withoutSecrets(settings) })}\n`,
      );
    } else {
      const style = createStyle(io.stdout, io.env);
      for (const problem of problems) io.stdout.write(`${style.red('wrong')}  ${safeText(problem)}\n`);
      for (const note of notes) io.stdout.write(`${style.yellow('note')}   ${safeText(note)}\n`);
      io.stdout.write(
        problems.length === 0
          ? `${style.green('ok')}     the settings are sound: listens on ${safeText(describeListening(settings!))}\n`
          : `${plural(problems.length, 'problem')}\n`,
      );
    }
    return problems.length === 0 ? EXIT.ok : EXIT.failure;
  },
});

/** A misspelt setting would otherwise be ignored in silence. */
function unknownSettings(env: Environment): readonly string[] {
  const known: readonly string[] = Object.values(ENV);
  return Object.keys(env)
    .filter((name) => /^SLUICE_(?!SECRET_)/i.test(name) && !known.includes(name))
    .sort()
    .map((name) => {
      const meant = known.includes(name.toUpperCase()) ? name.toUpperCase() : nearestSetting(name, known);
      return `${name} is not a setting${meant === undefined ? '' : `; did you mean ${meant}?`}`;
    });
}

function nearestSetting(name: string, known: readonly string[]): string | undefined {
  return nearest(
    name.toLowerCase(),
    known.map((setting) => setting.toLowerCase()),
  )?.toUpperCase();
}

function notesOn({ host, tempo, loki }: LocalSettings): readonly string[] {
  return [
    ...(isLoopbackHost(host)
      ? []
      : [`${ENV.host}=${host} can be reached from other machines: every request needs an API key`]),
    ...(tempo === undefined
      ? [`${ENV.tempoUrl} is not set: traces are kept in the embedded store only`]
      : []),
    ...(loki === undefined ? [`${ENV.lokiUrl} is not set: logs are kept in the embedded store only`] : []),
    ...(tempo?.joinGzip
      ? [
          `${ENV.tempoJoinGzip} is on: "sluice doctor --probe" proves that the destination reads all gzip members`,
        ]
      : []),
  ];
}

function describeListening({ host, ingestPort, apiPort, dataDir }: LocalSettings): string {
  return `${host}, OTLP on ${ingestPort}, read APIs on ${apiPort}; data in ${dataDir}`;
}

function withoutSecrets(settings: LocalSettings) {
  const { tempo, loki, ...rest } = settings;
  const hide = (backend: { readonly url: string; readonly auth?: string }) => ({
    ...backend,
    url: withoutCredentials(backend.url),
    ...(backend.auth === undefined ? {} : { auth: '(set)' }),
  });
  return { ...rest, ...(tempo && { tempo: hide(tempo) }), ...(loki && { loki: hide(loki) }) };
}

function withoutCredentials(url: string): string {
  const parsed = new URL(url);
  parsed.username = '';
  parsed.password = '';
  return parsed.href.replace(/\/+$/, '');
}
