/** Paths that name no person or thing, for span names: of others only the method is told. */
const ROUTE =
  /^\/(v1\/(traces|logs|metrics|audit|audit\/bulk)|api\/v1\/(write|query|query_range|series|labels))$/;

export function routeOf(path: string): string | undefined {
  return ROUTE.test(path) ? path : undefined;
}
