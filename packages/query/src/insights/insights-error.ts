/** What is wrong with a query, and where: Insights answers errors with a position. */
export class InsightsError extends Error {
  override readonly name = 'InsightsError';
  readonly line: number;
  readonly column: number;

  constructor(source: string, offset: number, what: string) {
    const before = source.slice(0, offset);
    const line = before.split('\n').length;
    const column = offset - (before.lastIndexOf('\n') + 1) + 1;
    super(`${what} (line ${line}, column ${column})`);
    this.line = line;
    this.column = column;
  }
}
