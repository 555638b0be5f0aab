/** The kinds of call that the shop's services make, named and attributed by the OpenTelemetry semantic conventions. */
import type { Dice } from './dice.ts';
import type { ServiceName, Sketch } from './sketch.ts';

export interface HttpCall {
  readonly from: ServiceName;
  readonly to: ServiceName;
  readonly method: string;
  /** The route with its placeholders: what the server span is named after. */
  readonly route: string;
  readonly path: string;
}

/** Status codes from 500 make the server span an error, from 400 the client span (semantic conventions, HTTP spans § Status). */
export function markHttpStatus(sketch: Sketch, side: 'client' | 'server', status: number): void {
  sketch.set({ 'http.response.status_code': status });
  if (status >= (side === 'client' ? 400 : 500)) sketch.fail(String(status), `HTTP ${status}`);
}

/** A client span here, the network, and the server span there. Answers the status that `serve` answered. */
export function callHttp(
  sketch: Sketch,
  call: HttpCall,
  { dice, serve }: { dice: Dice; serve: (server: Sketch) => number },
): number {
  const { from, to, method, route, path } = call;
  const shared = { 'http.request.method': method, 'server.address': to, 'server.port': 8080 };
  return sketch.child(
    {
      service: from,
      name: method,
      kind: 'client',
      attributes: { ...shared, 'url.full': `http://${to}:8080${path}` },
    },
    (client) => {
      client.spend(dice.latencyMs(0.6));
      const status = client.child(
        {
          service: to,
          name: `${method} ${route}`,
          kind: 'server',
          attributes: { ...shared, 'url.scheme': 'http', 'url.path': path, 'http.route': route },
        },
        (server) => {
          const answer = serve(server);
          markHttpStatus(server, 'server', answer);
          return answer;
        },
      );
      client.spend(dice.latencyMs(0.4));
      markHttpStatus(client, 'client', status);
      return status;
    },
  );
}

export interface SqlCall {
  readonly service: ServiceName;
  readonly operation: 'SELECT' | 'INSERT' | 'UPDATE';
  readonly table: string;
  readonly text: string;
  readonly medianMs: number;
}

/** A PostgreSQL query; a slow one says so in the log. */
export function querySql(sketch: Sketch, call: SqlCall, dice: Dice): void {
  const { service, operation, table, text, medianMs } = call;
  sketch.child(
    {
      service,
      name: `${operation} ${table}`,
      kind: 'client',
      attributes: {
        'db.system.name': 'postgresql',
        'db.namespace': 'shop',
        'db.collection.name': table,
        'db.operation.name': operation,
        'db.query.text': text,
        'server.address': 'postgres',
        'server.port': 5432,
      },
    },
    (span) => {
      const ms = dice.chance(0.02) ? dice.latencyMs(medianMs * 25) : dice.latencyMs(medianMs);
      span.spend(ms);
      if (ms > medianMs * 15) {
        span.log('WARN', `slow query on ${table} took ${ms.toFixed(0)} ms`, {
          'db.query.text': text,
          duration: ms / 1000,
        });
      }
    },
  );
}

export function queryRedis(
  sketch: Sketch,
  { service, command, key }: { service: ServiceName; command: string; key: string },
  dice: Dice,
): void {
  sketch.child(
    {
      service,
      name: command,
      kind: 'client',
      attributes: {
        'db.system.name': 'redis',
        'db.operation.name': command,
        'db.query.text': `${command} ${key}`,
        'server.address': 'redis',
        'server.port': 6379,
      },
    },
    (span) => span.spend(dice.latencyMs(0.7)),
  );
}
