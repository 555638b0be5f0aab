/** The Secrets port. A value never appears in a log or an error; the name may. */
export interface Secrets {
  /** `undefined` when there is no secret of that name. */
  get(name: string): Promise<string | undefined>;
}
