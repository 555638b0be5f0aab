/** `sluice rules lint`. */
import { formatProblem } from '@sluice/config/problem';
import type { Finding } from '@sluice/rules/lint/lint-rule';
import { LINT_RULES, lintRules } from '@sluice/rules/lint/lint-rules';
import { loadRules } from '@sluice/rules/load-rules';
import { defineCommand, EXIT } from '../command.ts';
import { CommandLineError } from '../command-line-error.ts';
import { plural } from '../quantity.ts';
import { createStyle, safeJson, safeText } from '../terminal-text.ts';
import { findRules } from './read-rules.ts';

/** Help is no wider than 110 columns. */
const CODES_A_LINE = 6;

function wrapped(codes: readonly string[]): string {
  return codes
    .map((code, i) => (i === 0 ? code : i % CODES_A_LINE === 0 ? `,\n${code}` : `, ${code}`))
    .join('');
}

export const lintRulesCommand = defineCommand({
  operands: 'PATH…',
  minOperands: 1,
  maxOperands: Number.POSITIVE_INFINITY,
  about: `Looks for rules that are valid and still do not do what they seem to: each finding has a code, a reason
and a fix. Folders are searched for *.yml; findings are no errors unless --strict is given.
Codes: ${wrapped(LINT_RULES.map(({ code }) => code))}.`,
  options: {
    skip: { type: 'string', value: 'CODES', multiple: true, help: 'leave these lints out, by comma' },
    strict: { type: 'boolean', help: 'exit with 1 when there are findings' },
  },
  examples: ['sluice rules lint config/rules', 'sluice rules lint --skip runbook,record-name rules.yml'],
  run({ options, positionals, json }, io) {
    const skip = readCodes(options.skip);
    const sources = findRules(positionals, io.cwd);
    const { problems } = loadRules(sources);
    // A file that cannot be read as rules does not keep the others from being looked at.
    const files = sources.flatMap((source) => loadRules([source]).files ?? []);
    const findings = lintRules(files, { skip });
    const hasErrors = problems.some(({ severity }) => severity === 'error');
    if (json) {
      io.stdout.write(`${safeJson({ ok: !hasErrors && findings.length === 0, problems, findings })}\n`);
    } else {
      const style = createStyle(io.stdout, io.env);
      for (const problem of problems)
        io.stdout.write(`${style.red('error')}  ${safeText(formatProblem(problem))}\n`);
      for (const finding of findings) io.stdout.write(`${renderFinding(finding, style)}\n`);
      const rules = files.flatMap(({ groups }) => groups.flatMap((group) => group.rules)).length;
      io.stdout.write(
        `${plural(rules, 'rule')} in ${plural(sources.length, 'file')}: ${plural(problems.length, 'error')}, ${plural(findings.length, 'finding')}\n`,
      );
    }
    const isBad = hasErrors || (options.strict && findings.length > 0);
    return Promise.resolve(isBad ? EXIT.failure : EXIT.ok);
  },
});

function readCodes(texts: readonly string[]): ReadonlySet<string> {
  const known = new Set(LINT_RULES.map(({ code }) => code));
  const codes = texts.flatMap((text) => text.split(',')).map((text) => text.trim());
  const unknown = codes.find((code) => !known.has(code));
  if (unknown !== undefined)
    throw new CommandLineError(`--skip ${unknown}: there is no such lint; they are ${[...known].join(', ')}`);
  return new Set(codes);
}

function renderFinding(finding: Finding, style: ReturnType<typeof createStyle>): string {
  const { file, line, column, code, place, message, reason, fix } = finding;
  return [
    `${style.yellow(code)}  ${safeText(`${file}:${line}:${column}`)}  ${safeText(place)}`,
    `  ${safeText(message)}`,
    `  why  ${safeText(reason)}`,
    `  fix  ${safeText(fix)}`,
  ].join('\n');
}
