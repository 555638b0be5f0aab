/** The plain page at `/`: what this process serves and how to try it, without a script. */

export interface HomePage {
  readonly ingestUrl: string;
  /** Where read APIs are mounted. */
  readonly paths: readonly string[];
}

interface Link {
  readonly href: string;
  readonly text: string;
}

interface Section {
  readonly title: string;
  readonly links: readonly Link[];
}

/** What to show for a mounted API, in the order of the page: links that answer with something right away. */
const LINKS: Readonly<Record<string, Section>> = {
  '/jaeger/api': {
    title: 'Traces',
    links: [
      { href: '/jaeger/api/services', text: 'services that sent traces' },
      { href: '/jaeger/api/dependencies', text: 'which service calls which' },
    ],
  },
  '/loki/api/v1': {
    title: 'Logs',
    links: [
      {
        href: '/loki/api/v1/query_range?query=%7Bservice%3D~%22.%2B%22%7D',
        text: 'the newest lines of the last hour',
      },
      { href: '/loki/api/v1/label/service/values', text: 'services that sent logs' },
      { href: '/v1/logs/tail?query=%7Bservice%3D~%22.%2B%22%7D', text: 'logs as they come' },
    ],
  },
  '/api/v1': {
    title: 'Metrics',
    links: [
      {
        href: '/api/v1/query?query=count%20by%20(job)%20(target_info)',
        text: 'PromQL: which services sent metrics',
      },
      { href: '/api/v1/label/__name__/values', text: 'names of metrics' },
    ],
  },
  '/api/v1/alerts': {
    title: 'Rules and SLOs',
    links: [
      { href: '/api/v1/alerts', text: 'alerts that are pending or firing' },
      { href: '/api/v1/rules', text: 'rules and their state' },
      { href: '/api/v1/slos', text: 'SLOs: burn rates and what is left of their budgets' },
    ],
  },
  '/alertmanager': {
    title: 'Notifications',
    links: [
      { href: '/alertmanager/api/v2/alerts/groups', text: 'alerts in their groups, and who is told' },
      { href: '/alertmanager/api/v2/silences', text: 'silences' },
    ],
  },
  '/v1/audit': {
    title: 'Audit trail',
    links: [
      { href: '/v1/audit/events', text: 'events, newest first' },
      { href: '/v1/audit/summary', text: 'failed logins, severities, busiest actors' },
      { href: '/v1/audit/checkpoints', text: 'signed checkpoints' },
    ],
  },
};

/** Insights is asked by POST; its tail is among the links of Loki's API. */
const WITHOUT_LINKS: readonly string[] = ['/v1/logs'];

const OWN: Section = {
  title: 'The pipeline itself',
  links: [
    { href: '/metrics', text: 'its own metrics, and all series' },
    { href: '/-/ready', text: 'readiness, with each check' },
    { href: '/-/healthy', text: 'liveness' },
  ],
};

const STYLE = `
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem }
pre { padding: .75rem 1rem; border: 1px solid #8886; border-radius: .4rem; overflow-x: auto }
h2 { margin-top: 2rem } h3 { margin: 1.25rem 0 .25rem } ul { margin: 0; padding-left: 1.25rem }
`;

export function renderHomePage({ ingestUrl, paths }: HomePage): string {
  const known = Object.entries(LINKS).flatMap(([path, section]) => (paths.includes(path) ? [section] : []));
  const others = paths
    .filter((path) => LINKS[path] === undefined && !WITHOUT_LINKS.includes(path))
    .map((path) => ({ title: path, links: [{ href: path, text: '' }] }));
  const url = escapeHtml(ingestUrl);
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Sluice</title>
<style>${STYLE}</style></head>
<body>
<h1>Sluice</h1>
<h2>Send</h2>
<p>OTLP over HTTP, protobuf or JSON, to <code>${url}</code>. Any OpenTelemetry SDK needs only</p>
<pre>export OTEL_EXPORTER_OTLP_ENDPOINT=${url}
export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf</pre>
<p>Nothing sent yet? <code>npm run demo</code> sends a lively web shop until Ctrl-C; <code>npx sluice send FILE</code> sends files;
<code>npx sluice doctor --probe</code> sends one trace and one log line, and looks for them.</p>
<h2>Read it back</h2>
${[...known, ...others, OWN].map(renderSection).join('\n')}
</body>
</html>
`;
}

function renderSection({ title, links }: Section): string {
  const items = links.map(
    ({ href, text }) =>
      `<li><a href="${escapeHtml(href)}"><code>${escapeHtml(decodeURIComponent(href))}</code></a> ${escapeHtml(text)}</li>`,
  );
  return `<h3>${escapeHtml(title)}</h3>\n<ul>\n${items.join('\n')}\n</ul>`;
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
