/** All specs of a configuration folder as one set: all that is wrong with any of them is told at once. */

import { formatDuration } from '@sluice/config/duration';
import { hasErrors, type Problem } from '@sluice/config/problem';
import type { Slo, SloGroup } from './slo.ts';
import { DEFAULT_SLO_SETTINGS, type SloSettings } from './slo-settings.ts';
import { type AlertWindows, DEFAULT_CATALOGUE, type WindowCatalogue } from './spec/alert-windows.ts';
import { parseSloFile } from './spec/parse-slo-file.ts';

export interface SloSource {
  /** As people see it: `slo/api.yml`. */
  readonly file: string;
  readonly source: string;
}

export interface LoadedSlos {
  /** Undefined when any file has an error: SLOs are taken over whole or not at all. */
  readonly groups: readonly SloGroup[] | undefined;
  readonly windows: WindowCatalogue;
  readonly problems: readonly Problem[];
}

export interface LoadOptions {
  readonly settings?: SloSettings;
  /** In place of Google's windows; catalogues among the files are added to it. */
  readonly catalogue?: WindowCatalogue;
  /** Ids that occur twice are errors unless this is set. */
  readonly allowsRepeats?: boolean;
}

export function loadSlos(sources: readonly SloSource[], options: LoadOptions = {}): LoadedSlos {
  const { settings = DEFAULT_SLO_SETTINGS, catalogue = DEFAULT_CATALOGUE, allowsRepeats = false } = options;
  const problems: Problem[] = [];
  const groups: SloGroup[] = [];
  const windows = new Map(catalogue);
  const added = new Map<number, AlertWindows>();
  for (const { file, source } of sources) {
    const parsed = parseSloFile(source, {
      file,
      defaultPeriodMs: settings.defaultPeriodMs,
      isInverted: (id) => settings.overrides.get(id)?.isInverted ?? false,
    });
    problems.push(...parsed.problems);
    groups.push(...parsed.groups);
    for (const own of parsed.windows) {
      const known = added.get(own.periodMs);
      if (known !== undefined && JSON.stringify(known) !== JSON.stringify(own))
        problems.push(
          at({ file, line: 1 }, `alert windows for ${formatDuration(own.periodMs)} are there already`),
        );
      added.set(own.periodMs, own);
      windows.set(own.periodMs, own);
    }
  }
  const adjusted = groups.map((group) => ({
    ...group,
    slos: group.slos.map((slo) => adjust(slo, settings)),
  }));
  const slos = slosOf(adjusted);
  const seen = new Map<string, Slo>();
  for (const slo of slos) {
    const first = seen.get(slo.id);
    if (first === undefined) seen.set(slo.id, slo);
    else if (!allowsRepeats)
      problems.push(at(slo, `the SLO ${slo.id} is there already, at ${first.file}:${first.line}`));
    if (windowsFor(slo, windows) === undefined)
      problems.push(
        at(
          slo,
          `no alert windows for a period of ${formatDuration(slo.periodMs)}: there are some for ${[
            ...windows.keys(),
          ]
            .sort((a, b) => a - b)
            .map(formatDuration)
            .join(', ')}; add an AlertWindows document`,
        ),
      );
  }
  if (!hasErrors(problems))
    for (const id of settings.overrides.keys())
      if (!seen.has(id) && sources.length > 0)
        problems.push({
          ...at({ file: 'sluice.yml', line: 1 }, `slo.objectives names ${id}, and there is no such SLO`),
          severity: 'warning',
        });
  return { groups: hasErrors(problems) ? undefined : adjusted, windows, problems };
}

function adjust(slo: Slo, { overrides }: SloSettings): Slo {
  const periodMs = overrides.get(slo.id)?.periodMs;
  return periodMs === undefined ? slo : { ...slo, periodMs };
}

function at({ file, line }: { readonly file: string; readonly line: number }, message: string): Problem {
  return { file, line, column: 1, path: '', message, severity: 'error' };
}

export function slosOf(groups: readonly SloGroup[]): readonly Slo[] {
  return groups.flatMap(({ slos }) => slos);
}

export function windowsFor(
  { periodMs }: Pick<Slo, 'periodMs'>,
  catalogue: WindowCatalogue,
): AlertWindows | undefined {
  return catalogue.get(periodMs);
}
