/**
 * Thrown means retryable, unless it is a PermanentError. Code that talks to the outside throws plain
 * errors (with a cause) for faults that time can cure, and this one for those it cannot.
 */
export class PermanentError extends Error {
  override readonly name = 'PermanentError';
}

/** One line a person can act on; the process prints it without a stack and exits with 1. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The message of anything that was thrown, with the messages of its causes, on one line. */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  let current: unknown = error;
  while (current !== undefined && current !== null && parts.length < 5) {
    parts.push(current instanceof Error ? current.message || current.name : String(current));
    current = current instanceof Error ? current.cause : undefined;
  }
  return parts.join(': ').replaceAll(/\s+/g, ' ');
}
