/** A query that would hold more in memory than one request may. */
export class QueryTooLarge extends Error {
  override readonly name = 'QueryTooLarge';
}
