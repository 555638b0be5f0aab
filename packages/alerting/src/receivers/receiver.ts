/** The port of a receiver: one folder under `receivers/` for each kind, one line for it in `receiver-kinds.ts`. */
import type { Decoder } from '@sluice/config/decoder';
import type { ReferenceSource } from '@sluice/config/references';
import type { GuardedFetch, TlsSettings } from '../http/guarded-fetch.ts';
import type { OAuth2Settings } from '../http/oauth2-token.ts';
import type { LabelSet } from '../model/label-set.ts';

/** One message to one integration of one receiver about one group. */
export interface Notification {
  readonly receiver: string;
  readonly groupKey: string;
  readonly groupLabels: LabelSet;
  readonly commonLabels: LabelSet;
  readonly commonAnnotations: LabelSet;
  readonly externalUrl: string;
  readonly status: 'firing' | 'resolved';
  /** By job, instance and labels. Without the resolved ones when `send_resolved` is off. */
  readonly alerts: readonly NotifiedAlert[];
  /** Rises with every new content for this group and integration; a repeat of the same content has the same. */
  readonly sequence: number;
  /** The same for every attempt to deliver this content. */
  readonly idempotencyKey: string;
  readonly nowMs: number;
}

export interface NotifiedAlert {
  readonly status: 'firing' | 'resolved';
  readonly labels: LabelSet;
  readonly annotations: LabelSet;
  readonly startsAtMs: number;
  /** 0 while it fires. */
  readonly endsAtMs: number;
  readonly generatorUrl: string;
  readonly fingerprint: string;
}

export type SendOutcome =
  | { readonly status: 'ok' }
  /** Worth another attempt. `reason` never holds a secret. */
  | { readonly status: 'retryable'; readonly reason: string; readonly retryAfterMs?: number }
  | { readonly status: 'permanent'; readonly reason: string };

export interface Integration {
  /** Never throws for what the other side does; the outcome says it. */
  send(notification: Notification, options: { readonly signal: AbortSignal }): Promise<SendOutcome>;
  /** What would be sent, for integrations that do not send by `fetch`. */
  preview?(notification: Notification): Promise<unknown>;
}

export interface IntegrationDeps {
  /** Guarded against private addresses; answers like the global one. */
  readonly fetch: GuardedFetch;
  readonly render: RenderText;
  readonly random: () => number;
}

/** Expands a template of the configuration over a notification. Throws TemplateError. */
export type RenderText = (
  template: string,
  notification: Notification,
  options?: { readonly html?: boolean },
) => string;

export interface ReceiverKind<C extends CommonReceiverConfig = CommonReceiverConfig> {
  /** Key of the list in a receiver: `slack_configs`. */
  readonly key: string;
  /** As it stands in metrics and logs: `slack`. */
  readonly name: string;
  /** Reads one entry of the list; globals stand in where the entry says nothing. */
  decode(context: DecodeContext): Decoder<C>;
  create(config: C, deps: IntegrationDeps): Integration;
}

/** What the entries of a receiver are read with. */
export interface DecodeContext {
  readonly globals: GlobalReceiverSettings;
  readonly references: ReferenceSource;
  /** Reads `*_file` settings; throws when it cannot. */
  readonly readFile?: (path: string) => string;
}

export interface CommonReceiverConfig {
  readonly send_resolved: boolean;
}

/** The settings of `global:` that receivers fall back on. Secrets are values here, never references. */
export interface GlobalReceiverSettings {
  readonly smtpSmarthost: string | undefined;
  readonly smtpFrom: string | undefined;
  readonly smtpHello: string;
  readonly smtpAuthUsername: string | undefined;
  readonly smtpAuthPassword: string | undefined;
  readonly smtpAuthIdentity: string | undefined;
  readonly smtpAuthSecret: string | undefined;
  readonly smtpRequireTls: boolean;
  readonly slackApiUrl: string | undefined;
  readonly pagerdutyUrl: string;
  readonly opsgenieApiUrl: string;
  readonly opsgenieApiKey: string | undefined;
  readonly telegramApiUrl: string;
  readonly httpConfig: HttpConfig | undefined;
}

/** The part of Prometheus' `http_config` that is honoured. */
export interface HttpConfig {
  readonly basic_auth: { readonly username: string; readonly password: string } | undefined;
  readonly authorization: { readonly type: string; readonly credentials: string } | undefined;
  readonly bearer_token: string | undefined;
  readonly follow_redirects: boolean;
  readonly oauth2?: OAuth2Settings;
  readonly tls?: TlsSettings;
}
