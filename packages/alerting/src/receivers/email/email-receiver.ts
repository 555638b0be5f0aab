/** Email over SMTP (Amazon SES among them), with an HTML and a text part. */
import { createHash } from 'node:crypto';
import * as d from '@sluice/config/decoder';
import { withReferences } from '@sluice/config/references';
import { secretFields, secretOf } from '../../config/secret-fields.ts';
import { redact } from '../../http/redact.ts';
import type {
  CommonReceiverConfig,
  IntegrationDeps,
  Notification,
  ReceiverKind,
  SendOutcome,
} from '../receiver.ts';

interface EmailConfig extends CommonReceiverConfig {
  readonly to: string;
  readonly from: string;
  readonly host: string;
  readonly port: number;
  readonly hello: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** Of CRAM-MD5. */
  readonly secret: string | undefined;
  readonly requireTls: boolean;
  /** Certificates are not checked: only for servers of one's own. */
  readonly skipsVerify: boolean;
  /** Name on the server's certificate, where it is not that of the host. */
  readonly serverName: string | undefined;
  readonly headers: ReadonlyMap<string, string>;
  readonly html: string;
  readonly text: string;
}

/** SMTP over TLS from the first byte. */
const SMTPS_PORT = 465;

export const emailKind: ReceiverKind<EmailConfig> = {
  key: 'email_configs',
  name: 'email',
  decode: (context) => {
    const { globals } = context;
    const text = withReferences(d.text, context.references);
    return d.mapped(
      d.mapping({
        send_resolved: d.withDefault(d.boolean, false),
        to: d.required(d.nonEmptyText),
        from: d.optional(text),
        smarthost: d.optional(text),
        hello: d.optional(text),
        auth_username: d.optional(text),
        ...secretFields('auth_password', context),
        auth_secret: d.optional(text),
        auth_identity: d.optional(text),
        require_tls: d.optional(d.boolean),
        tls_config: d.optional(
          d.mapping(
            { insecure_skip_verify: d.withDefault(d.boolean, false), server_name: d.optional(d.text) },
            { isLenient: true },
          ),
        ),
        headers: d.withDefault(d.mapOf(d.text), new Map<string, string>()),
        html: d.withDefault(d.text, '{{ template "email.default.html" . }}'),
        text: d.withDefault(d.text, ''),
      }),
      (value, node): EmailConfig | undefined => {
        const smarthost = value.smarthost ?? globals.smtpSmarthost;
        const from = value.from ?? globals.smtpFrom;
        if (smarthost === undefined) node.report('no global SMTP smarthost set');
        if (from === undefined) node.report('no global SMTP from set');
        const match = smarthost === undefined ? null : /^\[?([^\]]+?)\]?:(\d{1,5})$/.exec(smarthost);
        if (smarthost !== undefined && match === null)
          node.report(`smarthost ${JSON.stringify(smarthost)} is not host:port`);
        const headers = new Map<string, string>();
        for (const [name, template] of value.headers) {
          const canonical = name.toLowerCase();
          if (headers.has(canonical)) node.report(`duplicate header ${JSON.stringify(name)} in email config`);
          headers.set(canonical, template);
        }
        if (from === undefined || match === null) return undefined;
        return {
          send_resolved: value.send_resolved,
          to: value.to,
          from,
          host: match[1]!,
          port: Number(match[2]),
          hello: value.hello ?? globals.smtpHello,
          username: value.auth_username ?? globals.smtpAuthUsername,
          password: secretOf(value, 'auth_password', { node, context }) ?? globals.smtpAuthPassword,
          secret: value.auth_secret ?? globals.smtpAuthSecret,
          requireTls: value.require_tls ?? globals.smtpRequireTls,
          skipsVerify: value.tls_config?.insecure_skip_verify ?? false,
          serverName: value.tls_config?.server_name,
          headers,
          html: value.html,
          text: value.text,
        };
      },
    );
  },
  create: (config, deps) => ({
    send: (notification, { signal }) => sendEmail(config, notification, { ...deps, signal }),
    preview: (notification) => Promise.resolve(toMail(config, notification, deps)),
  }),
};

/** What nodemailer is given. */
function toMail(
  config: EmailConfig,
  notification: Notification,
  { render }: Pick<IntegrationDeps, 'render'>,
) {
  const expand = (template: string): string => render(template, notification);
  const subject = config.headers.get('subject') ?? '{{ template "email.default.subject" . }}';
  const headers = [...config.headers].filter(([name]) => !['subject', 'to', 'from'].includes(name));
  const id = createHash('sha256').update(notification.idempotencyKey).digest('hex').slice(0, 32);
  return {
    from: expand(config.headers.get('from') ?? config.from),
    to: expand(config.headers.get('to') ?? config.to),
    envelope: {
      from: addressOf(expand(config.from)),
      to: expand(config.to)
        .split(',')
        .map(addressOf)
        .filter((address) => address !== ''),
    },
    subject: expand(subject).replaceAll(/[\r\n]+/g, ' '),
    headers: headers.map(([key, template]) => ({ key, value: expand(template) })),
    // The same for every attempt, so that mail servers may collapse repeats.
    messageId: `<${id}@${config.hello}>`,
    date: new Date(notification.nowMs),
    ...(config.html === '' ? {} : { html: render(config.html, notification, { html: true }) }),
    ...(config.text === '' ? {} : { text: expand(config.text) }),
  };
}

async function sendEmail(
  config: EmailConfig,
  notification: Notification,
  deps: Pick<IntegrationDeps, 'render'> & { readonly signal: AbortSignal },
): Promise<SendOutcome> {
  // Only pipelines that send mail pay for loading it.
  const { createTransport } = await import('nodemailer');
  const isImplicitTls = config.port === SMTPS_PORT;
  const transport = createTransport({
    host: config.host,
    port: config.port,
    name: config.hello,
    secure: isImplicitTls,
    requireTLS: config.requireTls && !isImplicitTls,
    ignoreTLS: false,
    tls: {
      rejectUnauthorized: !config.skipsVerify,
      ...(config.serverName === undefined ? {} : { servername: config.serverName }),
    },
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 20_000,
    disableFileAccess: true,
    disableUrlAccess: true,
    ...authOf(config),
  });
  const stop = (): void => transport.close();
  deps.signal.addEventListener('abort', stop, { once: true });
  try {
    await transport.sendMail(toMail(config, notification, deps));
    return { status: 'ok' };
  } catch (error) {
    return toOutcome(error, [config.password ?? '', config.secret ?? '', config.username ?? '']);
  } finally {
    deps.signal.removeEventListener('abort', stop);
    transport.close();
  }
}

/** CRAM-MD5 where a secret is set, PLAIN or LOGIN where a password is, as Alertmanager chooses. */
function authOf({ username, password, secret }: EmailConfig) {
  if (username === undefined) return {};
  if (password === undefined && secret !== undefined)
    return { auth: { user: username, pass: secret }, authMethod: 'CRAM-MD5' };
  return { auth: { user: username, pass: password ?? '' } };
}

/** `Name <a@b>` → `a@b`. */
function addressOf(mailbox: string): string {
  return /<([^>]+)>/.exec(mailbox)?.[1] ?? mailbox.trim();
}

/** SMTP's 5xx are final (RFC 5321 § 4.2.1), and so is what this side refuses to send. */
function toOutcome(error: unknown, secrets: readonly string[]): SendOutcome {
  const reason = redact(error instanceof Error ? error.message : String(error), secrets);
  const { responseCode = 0, code = '' } = error as { responseCode?: number; code?: string };
  const isFinal = responseCode >= 500 || code === 'EAUTH' || code === 'EENVELOPE' || code === 'EMESSAGE';
  return {
    status: isFinal && (responseCode === 0 || responseCode >= 500) ? 'permanent' : 'retryable',
    reason,
  };
}
