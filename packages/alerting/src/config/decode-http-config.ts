/** `http_config` of Prometheus' common library, as far as it is honoured; the rest is refused with a reason. */
import * as d from '@sluice/config/decoder';
import { withReferences } from '@sluice/config/references';
import type { OAuth2Settings } from '../http/oauth2-token.ts';
import type { DecodeContext, HttpConfig } from '../receivers/receiver.ts';
import { tlsConfigDecoder } from './decode-tls-config.ts';
import { secretFields, secretOf } from './secret-fields.ts';

type HttpContext = Pick<DecodeContext, 'references' | 'readFile'>;

export function httpConfigDecoder(context: HttpContext): d.Decoder<HttpConfig> {
  const text = withReferences(d.text, context.references);
  const tls = tlsConfigDecoder(context);
  const notHonoured: d.Decoder<undefined> = (node) => {
    node.report('is not honoured: connections are made directly', { severity: 'warning' });
    return undefined;
  };
  const basicAuth = d.mapped(
    d.mapping({ username: d.required(text), ...secretFields('password', context) }),
    (value, node) => ({
      username: value.username,
      password: secretOf(value, 'password', { node, context }) ?? '',
    }),
  );
  const authorization = d.mapped(
    d.mapping({ type: d.withDefault(d.text, 'Bearer'), ...secretFields('credentials', context) }),
    (value, node) => ({
      type: value.type,
      credentials: secretOf(value, 'credentials', { node, context, isRequired: true }) ?? '',
    }),
  );
  return d.mapped(
    d.mapping({
      basic_auth: d.optional(basicAuth),
      authorization: d.optional(authorization),
      ...secretFields('bearer_token', context),
      oauth2: d.optional(oauth2Decoder(context, tls)),
      tls_config: d.optional(tls),
      follow_redirects: d.withDefault(d.boolean, true),
      enable_http2: d.optional(d.boolean),
      proxy_url: d.optional(notHonoured),
    }),
    (value, node): HttpConfig => {
      const bearer_token = secretOf(value, 'bearer_token', { node, context });
      const { basic_auth, authorization: own, oauth2, tls_config: tlsSettings, follow_redirects } = value;
      if ([basic_auth, own, bearer_token, oauth2].filter((entry) => entry !== undefined).length > 1)
        node.report('at most one of basic_auth, authorization, bearer_token and oauth2 may be set');
      return {
        basic_auth,
        authorization: own,
        bearer_token,
        follow_redirects,
        ...(oauth2 && { oauth2 }),
        ...(tlsSettings && { tls: tlsSettings }),
      };
    },
  );
}

function oauth2Decoder(
  context: HttpContext,
  tls: ReturnType<typeof tlsConfigDecoder>,
): d.Decoder<OAuth2Settings> {
  const text = withReferences(d.text, context.references);
  return d.mapped(
    d.mapping({
      client_id: d.required(text),
      ...secretFields('client_secret', context),
      token_url: d.required(text),
      scopes: d.withDefault(d.listOf(d.text), []),
      endpoint_params: d.withDefault(d.mapOf(text), new Map<string, string>()),
      tls_config: d.optional(tls),
    }),
    (value, node): OAuth2Settings => {
      const secret = secretOf(value, 'client_secret', { node, context, isRequired: true });
      if (!/^https?:\/\//.test(value.token_url)) node.report('token_url must begin with http:// or https://');
      return {
        clientId: value.client_id,
        clientSecret: secret ?? '',
        tokenUrl: value.token_url,
        scopes: value.scopes,
        endpointParams: value.endpoint_params,
        ...(value.tls_config && { tls: value.tls_config }),
      };
    },
  );
}

/** The `Authorization` header that the settings ask for; that of OAuth 2 has to be fetched. */
export function authorizationOf(config: HttpConfig | undefined): string | undefined {
  if (config === undefined) return undefined;
  const { basic_auth: basic, authorization, bearer_token: token } = config;
  if (basic !== undefined)
    return `Basic ${Buffer.from(`${basic.username}:${basic.password}`).toString('base64')}`;
  if (authorization !== undefined) return `${authorization.type} ${authorization.credentials}`;
  return token === undefined ? undefined : `Bearer ${token}`;
}
