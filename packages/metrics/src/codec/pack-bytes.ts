/**
 * Raw deflate with a preset dictionary (RFC 1951, RFC 1950 § 2.2): small blocks are mostly label names that every
 * OpenTelemetry SDK sends, and those are in the dictionary. A first byte names the form, so that the
 * dictionary can change without a break.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { DamagedBytes } from './byte-reader.ts';

const PLAIN = 0;
const DEFLATED_1 = 1;
/** Columns of numbers: a hundredth more bytes than level 6 for half of its time, and level 9 takes ten times that. */
const LEVEL = 4;
/** Of one post of one source: a few bytes less may be a write unit less, and cost microseconds. */
const SMALL_BYTES = 4096;
const SMALL_LEVEL = 6;
/** Nothing of ours inflates to more: sections are at most one message of 64 MiB. */
const MAX_INFLATED_BYTES = 512 * 1024 * 1024;

/** Never changed: a new list gets a new form byte. Common texts stand at the end, where they cost least. */
const DICTIONARY_1 = Buffer.from(
  [
    'k8s_namespace_name',
    'k8s_deployment_name',
    'cloud_region',
    'cloud_availability_zone',
    'cloud_account_id',
    'faas_name',
    'faas_version',
    'faas_trigger',
    'faas_invocations',
    'faas_errors',
    'faas_coldstarts',
    'faas_timeouts',
    'faas_mem_usage_bytes',
    'faas_invoke_duration_seconds',
    'faas_init_duration_seconds',
    'aws_lambda',
    'jvm_memory_used_bytes',
    'jvm_memory_committed_bytes',
    'jvm_memory_limit_bytes',
    'jvm_gc_duration_seconds',
    'jvm_thread_count',
    'jvm_class_loaded',
    'jvm_cpu_time_seconds_total',
    'jvm_memory_type',
    'jvm_memory_pool_name',
    'process_cpu_time_seconds_total',
    'process_memory_usage_bytes',
    'process_runtime_',
    'nodejs_eventloop_delay_p99_seconds',
    'nodejs_eventloop_utilization',
    'v8js_gc_duration_seconds',
    'v8js_memory_heap_used_bytes',
    'v8js_heap_space_name',
    'system_cpu_time_seconds_total',
    'system_memory_usage_bytes',
    'system_network_io_bytes_total',
    'system_disk_io_bytes_total',
    'db_client_operation_duration_seconds',
    'db_client_connection_count',
    'db_system_name',
    'db_operation_name',
    'db_namespace',
    'db_collection_name',
    'db_client_connections_usage',
    'db_client_connections_pool_name',
    'postgresql',
    'mysql',
    'redis',
    'dynamodb',
    'SELECT',
    'INSERT',
    'UPDATE',
    'messaging_system',
    'messaging_destination_name',
    'messaging_operation_name',
    'messaging_client_published_messages_total',
    'aws_sqs',
    'kafka',
    'rpc_server_duration_milliseconds',
    'rpc_client_duration_milliseconds',
    'rpc_system',
    'rpc_service',
    'rpc_method',
    'rpc_grpc_status_code',
    'grpc',
    'traces_spanmetrics_calls_total',
    'traces_spanmetrics_latency',
    'span_name',
    'span_kind',
    'status_code',
    'SPAN_KIND_SERVER',
    'SPAN_KIND_CLIENT',
    'SPAN_KIND_INTERNAL',
    'STATUS_CODE_UNSET',
    'STATUS_CODE_ERROR',
    'STATUS_CODE_OK',
    'http_client_request_duration_seconds',
    'http_server_request_duration_seconds',
    'http_server_active_requests',
    'http_server_request_body_size_bytes',
    'http_server_response_body_size_bytes',
    'http.client.request.duration',
    'http.server.request.duration',
    'http.server.active_requests',
    'server_address',
    'server_port',
    'network_protocol_version',
    'network_protocol_name',
    'url_scheme',
    'https',
    'http',
    '1.1',
    'error_type',
    'http_response_status_code',
    '500',
    '404',
    '400',
    '201',
    '200',
    'http_request_method',
    'DELETE',
    'PUT',
    'POST',
    'GET',
    'http_route',
    '/api/v1/',
    'otel_scope_schema_url',
    'https://opentelemetry.io/schemas/1.',
    'otel_scope_version',
    '@opentelemetry/instrumentation-http',
    'io.opentelemetry.',
    'opentelemetry.instrumentation.',
    'otel_scope_name',
    'telemetry_sdk_language',
    'telemetry_sdk_name',
    'telemetry_sdk_version',
    'opentelemetry',
    'nodejs',
    'python',
    'java',
    'deployment_environment',
    'deployment_environment_name',
    'production',
    'staging',
    '_bytes',
    '_milliseconds',
    '_seconds',
    '_ratio',
    '_total',
    'target_info',
    'status',
    'state',
    'type',
    'service',
    'instance',
    'job',
    '__name__',
  ].join('\u0008'),
);

export function packBytes(bytes: Uint8Array): Uint8Array {
  const deflated = deflateRawSync(bytes, {
    level: bytes.length <= SMALL_BYTES ? SMALL_LEVEL : LEVEL,
    dictionary: DICTIONARY_1,
  });
  const isSmaller = deflated.length < bytes.length;
  const packed = new Uint8Array(1 + (isSmaller ? deflated.length : bytes.length));
  packed[0] = isSmaller ? DEFLATED_1 : PLAIN;
  packed.set(isSmaller ? deflated : bytes, 1);
  return packed;
}

/** What is not worth deflating, in the form that `unpackBytes` reads. */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  const packed = new Uint8Array(1 + bytes.length);
  packed[0] = PLAIN;
  packed.set(bytes, 1);
  return packed;
}

/** @throws DamagedBytes */
export function unpackBytes(packed: Uint8Array): Uint8Array {
  const body = packed.subarray(1);
  if (packed[0] === PLAIN) return body;
  if (packed[0] !== DEFLATED_1) throw new DamagedBytes(`packing form ${packed[0]} is not known`);
  try {
    return inflateRawSync(body, { dictionary: DICTIONARY_1, maxOutputLength: MAX_INFLATED_BYTES });
  } catch (cause) {
    throw new DamagedBytes('deflated bytes are damaged', { cause });
  }
}
