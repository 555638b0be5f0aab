/** A fault in a configuration file, with the place where a person finds it. */
export interface Problem {
  /** As it was named to the loader. */
  readonly file: string;
  /** Both count from 1. */
  readonly line: number;
  readonly column: number;
  /** Where in the value: `groups[0].rules[2].for`; '' for the whole file. */
  readonly path: string;
  readonly message: string;
  /** An error makes the file unusable, a warning does not. */
  readonly severity: 'error' | 'warning';
  /** Code of a lint rule, when one found it. */
  readonly code?: string;
}

/** `rules/api.yml:12:5: groups[0].rules[2].for: not a duration: "5 minutes"`. */
export function formatProblem({ file, line, column, path, message, severity, code }: Problem): string {
  const place = `${file}:${line}:${column}`;
  const kind = severity === 'warning' ? 'warning: ' : '';
  return `${place}: ${kind}${path === '' ? '' : `${path}: `}${message}${code === undefined ? '' : ` [${code}]`}`;
}

export function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some(({ severity }) => severity === 'error');
}
