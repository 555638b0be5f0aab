/** Links to an expression's graph, in the form that Prometheus and Grafana understand. */

/** Source: Prometheus util/strutil, TableLinkForExpression. */
export function formatExternalLink(externalUrl: string, query: string): string {
  const escaped = encodeURIComponent(query)
    .replaceAll('%20', '+')
    .replaceAll(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
  return `${externalUrl}/graph?g0.expr=${escaped}&g0.tab=1`;
}
