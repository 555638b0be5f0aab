/** A query parameter that cannot be understood; its message names the parameter and goes to the client with a 400. */
export class ParameterError extends Error {
  override readonly name = 'ParameterError';
}
