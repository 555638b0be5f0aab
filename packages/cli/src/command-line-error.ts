/** The command line itself is wrong: told with the nearest right one, exit code 2. */
export class CommandLineError extends Error {
  override readonly name = 'CommandLineError';
}
