/**
 * Loaded before a function (`--import`): some names of the internet are servers on this machine. They resolve to a
 * public address, since receivers must have one, and a connection to them ends on a port of the loopback.
 */
import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';

/** Never connected to. */
const PUBLIC_ADDRESS = '93.184.215.14';
const ports = new Map(
  Object.entries(JSON.parse(process.env.HARNESS_HOSTS ?? '{}') as Record<string, number>),
);

type Done = (error: Error | null, address?: unknown, family?: number) => void;
type Lookup = (host: string, options: { readonly all?: boolean }, done: Done) => void;

const answer = (address: string, { all }: { readonly all?: boolean }, done: Done): void =>
  all === true ? done(null, [{ address, family: 4 }]) : done(null, address, 4);

const systemLookup = dns.lookup as unknown as Lookup;
const lookup: Lookup = (host, options, done) =>
  ports.has(host) ? answer(PUBLIC_ADDRESS, options, done) : systemLookup(host, options, done);
dns.lookup = lookup as unknown as typeof dns.lookup;
syncBuiltinESMExports();

interface ConnectOptions {
  host?: string;
  port?: number;
  lookup?: Lookup;
}

const connect = net.Socket.prototype.connect as (...args: unknown[]) => net.Socket;
net.Socket.prototype.connect = function (this: net.Socket, ...args: unknown[]): net.Socket {
  const options = (Array.isArray(args[0]) ? args[0][0] : args[0]) as ConnectOptions | undefined;
  const port = ports.get(options?.host ?? '');
  if (options !== undefined && port !== undefined) {
    const asked = options.lookup ?? lookup;
    options.port = port;
    // Whoever guards the look-up has its say about the public address.
    options.lookup = (host, how, done) =>
      asked(host, how, (error) => (error === null ? answer('127.0.0.1', how, done) : done(error)));
  }
  return connect.apply(this, args);
} as typeof net.Socket.prototype.connect;
