/** Every PromQL expression of the systems that Sluice replaces, as it stands in their rules, dashboards and guides. */
export const SOURCE_EXPRESSIONS: readonly string[] = [
  'up{job="loom"} == 0',
  'rate(http_requests_total{status=~"5.."}[5m]) / rate(http_requests_total[5m]) > 0.05',
  'histogram_quantile(0.95, rate(http_request_duration_seconds_bucket[5m])) > 2',
  'process_resident_memory_bytes / 1024 / 1024 > 512',
  'rate(http_requests_total[5m])',
  'histogram_quantile(0.95, rate(http_request_duration_seconds_bucket[5m]))',

  'rate(http_requests_total[5m])',
  'histogram_quantile(0.95, http_request_duration_seconds_bucket)',
  'rate(http_requests_total{status=~"5.."}[5m])',
  '(1 - (sum(rate(http_requests_total{status=~"5.."}[5m])) / sum(rate(http_requests_total[5m])))) * 100',
  'sum(rate(http_requests_total[5m])) by (service)',
  "sum(rate(http_requests_total{status=~'5..'}[5m])) by (service)",
  'histogram_quantile(0.95, http_request_duration_seconds_bucket)',
  '(1 - (sum(rate(http_requests_total{status=~"5.."}[5m])) / sum(rate(http_requests_total[5m])))) * 100',
  'sum(rate(http_requests_total[1m])) by (service)',
  'sum(active_sessions) by (service)',
  'sum(rate(workflow_executions_total{status="success"}[5m])) / sum(rate(workflow_executions_total[5m]))',
  'histogram_quantile(0.50, sum(rate(http_request_duration_seconds_bucket[5m])) by (le))',
  'histogram_quantile(0.95, sum(rate(http_request_duration_seconds_bucket[5m])) by (le))',
  'histogram_quantile(0.99, sum(rate(http_request_duration_seconds_bucket[5m])) by (le))',
  'sum(rate(ai_tokens_used_total[5m])) by (model, service)',
  'rate(http_requests_total{status=~"5.."}[5m]) > 0.01',
  'sum(rate(http_requests_total{status=~"5.."}[5m])) by (service, status, path)',
  'increase(http_requests_total[30d])',
  'max_over_time(rate(http_requests_total[1m])[30d:1h])',
  'rate(process_cpu_seconds_total[5m]) * 100',
  'process_resident_memory_bytes / 1024 / 1024 / 1024  # GB',
  'sum(rate(workflow_executions_total[5m])) by (workflow_type)',
  'sum(rate(ai_tokens_used_total[5m])) by (model)',
  'sum(rate(workflow_executions_total{status="success"}[5m])) / sum(rate(workflow_executions_total[5m])) * 100',
  'histogram_quantile(0.95, sum(rate(workflow_duration_seconds_bucket[5m])) by (le))',
  'sum(active_workflows) by (status)',
  'sum(rate(http_requests_total{service="api-gateway",status=~"5.."}[5m]))',
  'sum(rate(http_requests_total{service="api-gateway"}[5m]))',
  'sum(rate(http_request_duration_seconds_bucket{service="api-gateway",le="1.0"}[5m]))\n',
  'sum(rate(http_request_duration_seconds_count{service="api-gateway"}[5m]))\n',

  'up == 0',
  'histogram_quantile(0.95, rate(http_request_duration_seconds_bucket[5m])) > 0.2',
  'rate(http_requests_total{status=~"5.."}[5m]) / rate(http_requests_total[5m]) > 0.01',
  'active_connections > 80',
  '(node_memory_MemTotal_bytes - node_memory_MemAvailable_bytes) / node_memory_MemTotal_bytes > 0.9',
  'rate(ai_model_requests_total{status="error"}[5m]) > 0.1',
  'rate(http_requests_total{status="429"}[5m]) > 0',
  'sum(rate(http_requests_total[5m]))',
  'histogram_quantile(0.50, rate(http_request_duration_seconds_bucket[5m]))',
  'histogram_quantile(0.95, rate(http_request_duration_seconds_bucket[5m]))',
  'histogram_quantile(0.99, rate(http_request_duration_seconds_bucket[5m]))',
  'sum(rate(http_requests_total{status=~"5.."}[5m])) by (endpoint) / sum(rate(http_requests_total[5m])) by (endpoint)',
  'sum(active_user_sessions) by (tenant_id)',
  'sum(rate(ai_model_requests_total[5m])) by (provider, model)',
  'sum(rate(ai_tokens_consumed_total[5m])) by (provider)',
];

/** Series of an hour, every 30 seconds, over which each of the expressions has something to answer. */
export const SOURCE_SERIES = `
up{job="loom"} 0x120
http_requests_total{service="api-gateway",endpoint="/v1",path="/v1",status="200"} 0+600x120
http_requests_total{service="api-gateway",endpoint="/v1",path="/v1",status="500"} 0+60x120
http_requests_total{service="api-gateway",endpoint="/v1",path="/v1",status="429"} 0+6x120
http_request_duration_seconds_bucket{service="api-gateway",le="0.1"} 0+10x120
http_request_duration_seconds_bucket{service="api-gateway",le="1.0"} 0+40x120
http_request_duration_seconds_bucket{service="api-gateway",le="5.0"} 0+100x120
http_request_duration_seconds_bucket{service="api-gateway",le="+Inf"} 0+100x120
http_request_duration_seconds_count{service="api-gateway"} 0+100x120
workflow_executions_total{status="success",workflow_type="etl"} 0+9x120
workflow_executions_total{status="error",workflow_type="etl"} 0+1x120
workflow_duration_seconds_bucket{le="1.0"} 0+5x120
workflow_duration_seconds_bucket{le="+Inf"} 0+10x120
active_workflows{status="running"} 3x120
active_sessions{service="api-gateway"} 12x120
active_user_sessions{tenant_id="t1"} 4x120
active_connections 90x120
ai_tokens_used_total{model="m",service="api-gateway"} 0+1200x120
ai_tokens_consumed_total{provider="p"} 0+60x120
ai_model_requests_total{provider="p",model="m",status="error"} 0+12x120
process_resident_memory_bytes 1073741824x120
process_cpu_seconds_total 0+30x120
node_memory_MemTotal_bytes 100x120
node_memory_MemAvailable_bytes 5x120
`;
