/** As many queries are running as may: this one can be asked again. Answered as 429. */
export class InsightsBusy extends Error {
  override readonly name = 'InsightsBusy';
}
