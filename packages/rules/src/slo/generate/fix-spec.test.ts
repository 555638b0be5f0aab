import { describe, expect, test } from 'vitest';
import { loadSlos } from '../load-slos.ts';
import { fixSpec } from './fix-spec.ts';

/** The two SLOs as AI Teams wrote them. */
const AI_TEAMS = `# slo.yaml
apiVersion: sloth.slok.dev/v1
kind: PrometheusServiceLevel
metadata:
  name: api-gateway-slo
spec:
  service: "api-gateway"
  slos:
    - name: "requests-availability"
      objective: 99.9  # 99.9 %
      sli:
        events:
          error_query: sum(rate(http_requests_total{service="api-gateway",status=~"5.."}[5m]))  # all of them
          total_query: sum(rate(http_requests_total{service="api-gateway"}[5m]))
      alerting:
        name: APIGatewayAvailability

    - name: "requests-latency"
      objective: 95
      sli:
        events:
          error_query: |
            sum(rate(http_request_duration_seconds_bucket{service="api-gateway",le="1.0"}[5m]))
          total_query: |
            sum(rate(http_request_duration_seconds_count{service="api-gateway"}[5m]))
`;

describe('corrections of a spec', () => {
  test('change the queries that are wrong and nothing else', () => {
    const { source, fixes } = fixSpec(AI_TEAMS, { file: 'slo.yaml' });
    expect(fixes.map(({ line }) => line)).toEqual([13, 14, 22, 22, 24]);
    const count = 'sum(rate(http_request_duration_seconds_count{service="api-gateway"}[{{.window}}]))';
    const fast =
      'sum(rate(http_request_duration_seconds_bucket{service="api-gateway",le="1.0"}[{{.window}}]))';
    const expected = AI_TEAMS.replaceAll(/\[5m\]/g, '[{{.window}}]')
      .replace(`|\n            ${fast}`, `(${count}) - (${fast})`)
      .replace(`|\n            ${count}`, count);
    expect(source).toBe(expected);
    const loaded = loadSlos([{ file: 'slo.yaml', source }]);
    expect(loaded.problems.map(({ code }) => code)).toEqual(['S1']);
    expect(fixSpec(source, { file: 'slo.yaml' })).toEqual({ source, fixes: [] });
  });

  test.each([
    ['single quotes', `'sum(rate(e{a="it''s"}[5m]))'`, `'sum(rate(e{a="it''s"}[{{.window}}]))'`],
    ['double quotes', '"sum(rate(e{a=\\"b\\"}[5m])) # x"', `'sum(rate(e{a="b"}[{{.window}}])) # x'`],
    [
      'several lines',
      '|-\n      sum(rate(e[5m]))\n      /\n\n      sum(rate(t[5m]))',
      '|\n      sum(rate(e[{{.window}}]))\n      /\n\n      sum(rate(t[{{.window}}]))',
    ],
    [
      'a folded text',
      '>\n      sum(rate(e[5m]))\n      / sum(rate(t[5m]))',
      'sum(rate(e[{{.window}}])) / sum(rate(t[{{.window}}]))',
    ],
    [
      'a plain text over lines',
      'sum(rate(e[5m]))\n      / sum(rate(t[5m]))  # why',
      'sum(rate(e[{{.window}}])) / sum(rate(t[{{.window}}]))  # why',
    ],
  ])('find the ends of %s', (_, before, after) => {
    const spec = (query: string): string =>
      `version: prometheus/v1\nservice: svc\nslos:\n  - sli: {}\n    name: n\n    raw:\n    error_ratio_query: ${query}\n    objective: 99\n`;
    expect(fixSpec(spec(before), { file: 'x' }).source).toBe(spec(after));
  });
});
