/** Email over SMTP (Amazon SES among them), with an HTML and a text part. */
import * as d from '@sluice/config/decoder';
import { withReferences } from '@sluice/config/references';
import { secretFields, secretOf } from '../../config/secret-fields.ts';
import { redact } from '../../http/send-json.ts';
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
  readonly requireTls: boolean;
  /** Certificates are not checked: only for servers of one's own. */
  readonly skipsVerify: boolean;
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
          requireTls: value.require_tls ?? globals.smtpRequireTls,
          skipsVerify: value.tls_config?.insecure_skip_verify ?? false,
          headers,
          html: value.html,
          text: value.text,
        };
      },
    );
  },
  create: (config, deps) => ({
    send: (notification, { signal }) => sendEmail(config, notification, { ...deps, signal }),
  }),
};

async function sendEmail(
  config: EmailConfig,
  notification: Notification,
  { render, signal }: Pick<IntegrationDeps, 'render'> & { readonly signal: AbortSignal },
): Promise<SendOutcome> {
  // Only pipelines that send mail pay for loading it.
  const { createTransport } = await import('nodemailer');
  const expand = (template: string): string => render(template, notification);
  const subject = config.headers.get('subject') ?? '{{ template "email.default.subject" . }}';
  const headers = [...config.headers].filter(([name]) => !['subject', 'to', 'from'].includes(name));
  const isImplicitTls = config.port === SMTPS_PORT;
  const transport = createTransport({
    host: config.host,
    port: config.port,
    name: config.hello,
    secure: isImplicitTls,
    requireTLS: config.requireTls && !isImplicitTls,
    ignoreTLS: false,
    tls: { rejectUnauthorized: !config.skipsVerify },
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 20_000,
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(config.username === undefined
      ? {}
      : { auth: { user: config.username, pass: config.password ?? '' } }),
  });
  const stop = (): void => transport.close();
  signal.addEventListener('abort', stop, { once: true });
  try {
    await transport.sendMail({
      from: expand(config.headers.get('from') ?? config.from),
      to: expand(config.headers.get('to') ?? config.to),
      envelope: { from: addressOf(expand(config.from)), to: expand(config.to).split(',').map(addressOf) },
      subject: expand(subject).replaceAll(/[\r\n]+/g, ' '),
      headers: headers.map(([key, template]) => ({ key, value: expand(template) })),
      messageId: `<${Buffer.from(notification.idempotencyKey).toString('hex').slice(-32)}@${config.hello}>`,
      ...(config.html === '' ? {} : { html: render(config.html, notification, { html: true }) }),
      ...(config.text === '' ? {} : { text: expand(config.text) }),
    });
    return { status: 'ok' };
  } catch (error) {
    return toOutcome(error, [config.password ?? '', config.username ?? '']);
  } finally {
    signal.removeEventListener('abort', stop);
    transport.close();
  }
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
