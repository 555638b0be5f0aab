/** A real SMTP server on a free loopback port that keeps what it is sent; its certificate is self-signed. */
import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

export interface KeptMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly isSecure: boolean;
  readonly user: string | undefined;
  /** Headers, a blank line, and the parts. */
  readonly text: string;
}

export interface MailServer extends AsyncDisposable {
  readonly port: number;
  readonly mails: readonly KeptMail[];
}

export interface MailServerOptions {
  /** TLS from the first byte. */
  readonly isImplicitTls?: boolean;
  /** Does not offer STARTTLS. */
  readonly isPlain?: boolean;
  /** Only this user with this password may send. */
  readonly login?: { readonly user: string; readonly password: string };
  /** Answers to recipients, by address: an SMTP status. */
  readonly refused?: Readonly<Record<string, number>>;
}

export async function startMailServer(options: MailServerOptions = {}): Promise<MailServer> {
  const mails: KeptMail[] = [];
  const { isImplicitTls = false, isPlain = false, login, refused = {} } = options;
  const disabled = [...(isPlain ? ['STARTTLS'] : []), ...(login === undefined ? ['AUTH'] : [])];
  const settings: SMTPServerOptions = {
    secure: isImplicitTls,
    disabledCommands: disabled,
    // The built-in certificate is all right here.
    logger: false,
    authOptional: login === undefined,
    allowInsecureAuth: true,
    authMethods: ['PLAIN', 'LOGIN', 'CRAM-MD5'],
    onAuth(auth, _session, done) {
      const isRight =
        auth.username === login?.user &&
        (auth.method === 'CRAM-MD5'
          ? auth.validatePassword(login?.password ?? '')
          : auth.password === login?.password);
      if (isRight) done(null, { user: auth.username });
      else done(new Error('Invalid username or password'));
    },
    onRcptTo({ address }, _session, done) {
      const status = refused[address];
      if (status === undefined) return done();
      done(Object.assign(new Error(`no mail for ${address}`), { responseCode: status }));
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => void chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          isSecure: session.secure,
          user: session.user,
          text: Buffer.concat(chunks).toString(),
        });
        done();
      });
    },
  };
  const server = new SMTPServer(settings);
  server.on('error', () => {
    // Clients that refuse the certificate break the connection.
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.server.address() as AddressInfo).port,
    mails,
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => server.close(resolve));
    },
  };
}
