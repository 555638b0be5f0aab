/** What the operands of `send` name: files, folders (searched through), patterns, and `-` for standard input. */
import { glob, stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { UsageError } from '@sluice/core/errors';

export type Input =
  | { readonly kind: 'stdin'; readonly name: string }
  | { readonly kind: 'file'; readonly name: string; readonly path: string };

const EXTENSIONS = ['pb', 'bin', 'json', 'ndjson', 'jsonl'] as const;
const IN_FOLDERS = EXTENSIONS.flatMap((extension) => [`**/*.${extension}`, `**/*.${extension}.gz`]);
const PATTERN = /[*?[\]{}]/;

/** In the order of the operands, each file once. @throws UsageError for an operand that names nothing. */
export async function findInputs(operands: readonly string[], cwd: string): Promise<readonly Input[]> {
  const inputs = new Map<string, Input>();
  for (const operand of operands) {
    for (const input of await expand(operand, cwd))
      inputs.set(input.kind === 'stdin' ? '-' : input.path, input);
  }
  return [...inputs.values()];
}

async function expand(operand: string, cwd: string): Promise<readonly Input[]> {
  if (operand === '-') return [{ kind: 'stdin', name: '(standard input)' }];
  const path = resolve(cwd, operand);
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw new UsageError(`${operand} cannot be read: ${error.message}`, { cause: error });
  });
  if (found?.isDirectory())
    return search(
      IN_FOLDERS,
      path,
      `folder ${operand} holds no .${EXTENSIONS.join(', .')} (or .gz) files`,
      cwd,
    );
  if (found !== undefined) return [{ kind: 'file', name: operand, path }];
  if (PATTERN.test(operand)) return search([operand], cwd, `pattern ${operand} matches no file`, cwd);
  throw new UsageError(`there is no file ${operand}`);
}

async function search(
  patterns: readonly string[],
  folder: string,
  nothing: string,
  cwd: string,
): Promise<readonly Input[]> {
  const paths: string[] = [];
  for await (const entry of glob([...patterns], { cwd: folder, withFileTypes: true })) {
    if (entry.isFile()) paths.push(join(entry.parentPath, entry.name));
  }
  if (paths.length === 0) throw new UsageError(nothing);
  return paths
    .sort()
    .map((path) => ({ kind: 'file', name: isBelow(cwd, path) ? relative(cwd, path) : path, path }));
}

function isBelow(folder: string, path: string): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
