/** What is wrong with a query, in the words and with the position that Loki gives. */
export class LogqlError extends Error {
  override readonly name = 'LogqlError';
}

export function parseError(source: string, offset: number, what: string): LogqlError {
  const before = source.slice(0, offset);
  const line = before.split('\n').length;
  const column = offset - (before.lastIndexOf('\n') + 1) + 1;
  return new LogqlError(`parse error at line ${line}, col ${column}: ${what}`);
}
