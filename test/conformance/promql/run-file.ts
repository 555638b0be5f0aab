/** Runs all commands of one promqltest file, in order, against a store of its own. */
import { systemClock } from '@sluice/core/ports/clock';
import { createEngine } from '@sluice/promql/engine';
import { ALL_FEATURES } from '@sluice/promql/parse/parse-expression';
import { type CaseOutcome, runCase } from './run-case.ts';
import { parseScript } from './script.ts';
import { createTestStore } from './test-store.ts';

export interface FileCase {
  readonly line: number;
  readonly expr: string;
  readonly outcome: CaseOutcome;
}

export async function runFile(source: string): Promise<FileCase[]> {
  const engine = createEngine({ clock: systemClock, features: ALL_FEATURES });
  let store = createTestStore();
  const cases: FileCase[] = [];
  for (const command of parseScript(source)) {
    if (command.kind === 'clear') store = createTestStore();
    else if (command.kind === 'load') store.load(command);
    else {
      const outcome = await runCase(command, engine, store);
      cases.push({ line: command.line, expr: command.expr, outcome });
    }
  }
  return cases;
}
