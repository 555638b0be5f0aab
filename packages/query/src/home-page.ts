/** The plain page at `/`: what this process serves and how to try it, without a script or a style sheet. */

export interface HomePage {
  readonly ingestUrl: string;
  /** Where read APIs are mounted. */
  readonly paths: readonly string[];
}

interface Link {
  readonly href: string;
  readonly text: string;
}

/** What to show for a mounted API: links that answer with something right away. */
const LINKS: Readonly<Record<string, readonly Link[]>> = {
  '/jaeger/api': [
    { href: '/jaeger/api/services', text: 'services that sent traces' },
    { href: '/jaeger/api/dependencies', text: 'which service calls which' },
  ],
  '/api/v1': [
    { href: '/api/v1/query?query=up', text: 'PromQL: which services are up' },
    { href: '/api/v1/label/__name__/values', text: 'names of metrics' },
  ],
  '/loki/api/v1': [
    { href: '/loki/api/v1/labels', text: 'log labels' },
    { href: '/loki/api/v1/label/service/values', text: 'services that sent logs' },
    { href: '/v1/logs/tail?query=%7Bservice%3D~%22.%2B%22%7D', text: 'logs as they come' },
  ],
  '/alertmanager': [
    { href: '/alertmanager/api/v2/alerts/groups', text: 'alerts in their groups, and who is told' },
    { href: '/alertmanager/api/v2/silences', text: 'silences' },
  ],
  '/api/v1/alerts': [
    { href: '/api/v1/alerts', text: 'alerts that are pending or firing' },
    { href: '/api/v1/rules', text: 'rules and their state' },
    { href: '/api/v1/slos', text: 'SLOs: burn rates and what is left of their budgets' },
  ],
  // Insights is asked by POST; its tail is among the links of Loki's API.
  '/v1/logs': [],
  '/v1/audit': [
    { href: '/v1/audit/events', text: 'the audit trail, newest first' },
    { href: '/v1/audit/summary', text: 'failed logins, severities, busiest actors' },
    { href: '/v1/audit/checkpoints', text: 'signed checkpoints of the audit trail' },
  ],
};

const OWN: readonly Link[] = [
  { href: '/metrics', text: "the pipeline's own metrics" },
  { href: '/-/ready', text: 'readiness, with each check' },
  { href: '/-/healthy', text: 'liveness' },
];

export function renderHomePage({ ingestUrl, paths }: HomePage): string {
  const links = [...paths.flatMap((path) => LINKS[path] ?? [{ href: path, text: path }]), ...OWN];
  const items = links.map(
    ({ href, text }) =>
      `<li><a href="${escapeHtml(href)}"><code>${escapeHtml(href)}</code></a> ${escapeHtml(text)}</li>`,
  );
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Sluice</title></head>
<body>
<h1>Sluice</h1>
<p>Send OTLP over HTTP (protobuf or JSON) to <code>${escapeHtml(ingestUrl)}</code>; any OpenTelemetry SDK needs only
<code>OTEL_EXPORTER_OTLP_ENDPOINT=${escapeHtml(ingestUrl)}</code> and <code>OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf</code>.</p>
<h2>Read it back</h2>
<ul>
${items.join('\n')}
</ul>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
