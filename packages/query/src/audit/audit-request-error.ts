/** What is wrong with a request to the audit API: answered with its status and its message as JSON. */
export class AuditRequestError extends Error {
  override readonly name = 'AuditRequestError';
  readonly httpStatus: 400 | 403 | 404 | 409 | 410 | 503;

  constructor(httpStatus: AuditRequestError['httpStatus'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.httpStatus = httpStatus;
  }
}
