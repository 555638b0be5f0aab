/** What an event source mapping reads out of a function's answer (Lambda developer guide § Implementing partial batch responses). */

/**
 * Ids of the messages that are to come again. Nothing, null and an empty list mean that all is done; an
 * identifier that is empty, missing or not of this batch, or a list that is none, fails the whole batch.
 */
export function failedMessagesOf(answer: unknown, batch: readonly string[]): ReadonlySet<string> {
  const all = new Set(batch);
  if (answer === null || answer === undefined) return new Set();
  if (typeof answer !== 'object') return all;
  const { batchItemFailures: failures } = answer as { readonly batchItemFailures?: unknown };
  if (failures === null || failures === undefined) return new Set();
  if (!Array.isArray(failures)) return all;
  const failed = new Set<string>();
  for (const failure of failures as readonly unknown[]) {
    const id = (failure as { readonly itemIdentifier?: unknown } | null)?.itemIdentifier;
    if (typeof id !== 'string' || !all.has(id)) return all;
    failed.add(id);
  }
  return failed;
}
