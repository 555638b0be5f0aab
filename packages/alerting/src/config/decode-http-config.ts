/** `http_config` of Prometheus' common library, as far as it is honoured; the rest is refused with a reason. */
import * as d from '@sluice/config/decoder';
import { withReferences } from '@sluice/config/references';
import type { HttpConfig } from '../receivers/receiver.ts';
import type { LoadOptions } from './alertmanager-config.ts';

export function httpConfigDecoder({ references }: Pick<LoadOptions, 'references'>): d.Decoder<HttpConfig> {
  const text = withReferences(d.text, references);
  const notHonoured: d.Decoder<undefined> = (node) => {
    node.report(
      'is not honoured: connections are made directly and checked against the public certificates',
      {
        severity: 'warning',
      },
    );
    return undefined;
  };
  return d.mapped(
    d.mapping({
      basic_auth: d.optional(d.mapping({ username: d.required(text), password: d.required(text) })),
      authorization: d.optional(
        d.mapping({ type: d.withDefault(d.text, 'Bearer'), credentials: d.required(text) }),
      ),
      bearer_token: d.optional(text),
      follow_redirects: d.withDefault(d.boolean, true),
      enable_http2: d.optional(d.boolean),
      proxy_url: d.optional(notHonoured),
      tls_config: d.optional(notHonoured),
      oauth2: d.optional(notHonoured),
    }),
    (value, node): HttpConfig => {
      const { basic_auth, authorization, bearer_token, follow_redirects } = value;
      if ([basic_auth, authorization, bearer_token].filter((entry) => entry !== undefined).length > 1)
        node.report('at most one of basic_auth, authorization and bearer_token may be set');
      return { basic_auth, authorization, bearer_token, follow_redirects };
    },
  );
}

/** The `Authorization` header that the settings ask for. */
export function authorizationOf(config: HttpConfig | undefined): string | undefined {
  if (config === undefined) return undefined;
  const { basic_auth: basic, authorization, bearer_token: token } = config;
  if (basic !== undefined)
    return `Basic ${Buffer.from(`${basic.username}:${basic.password}`).toString('base64')}`;
  if (authorization !== undefined) return `${authorization.type} ${authorization.credentials}`;
  return token === undefined ? undefined : `Bearer ${token}`;
}
