/** Where remote write goes, from the one URL that people have at hand. */

/**
 * A URL that ends in `/push` or `/write` is taken as it is (Grafana Cloud's "Remote Write Endpoint",
 * Prometheus' `/api/v1/write`); one of Grafana Cloud's data source (`…/api/prom`) gets `/push`; any other
 * is the address of a Mimir and gets `/api/v1/push`.
 */
export function toPushUrl(url: string): string {
  const parsed = new URL(url);
  const path = parsed.pathname.replace(/\/+$/, '');
  if (/\/(push|write)$/.test(path)) parsed.pathname = path;
  else parsed.pathname = path.endsWith('/api/prom') ? `${path}/push` : `${path}/api/v1/push`;
  return parsed.href;
}
