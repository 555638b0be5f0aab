/** `tls_config` of Prometheus' common library: certificates in the file or in files of their own. */

import { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { ConfigNode } from '@sluice/config/config-node';
import * as d from '@sluice/config/decoder';
import type { TlsSettings } from '../http/guarded-fetch.ts';
import type { DecodeContext } from '../receivers/receiver.ts';
import { secretFields, secretOf } from './secret-fields.ts';

const VERSIONS = { TLS10: 'TLSv1', TLS11: 'TLSv1.1', TLS12: 'TLSv1.2', TLS13: 'TLSv1.3' } as const;
const version = d.mapped(
  d.oneOf('TLS10', 'TLS11', 'TLS12', 'TLS13'),
  (name): NonNullable<SecureContextOptions['minVersion']> => VERSIONS[name],
);

export function tlsConfigDecoder(
  context: Pick<DecodeContext, 'references' | 'readFile'>,
): d.Decoder<TlsSettings> {
  return d.mapped(
    d.mapping({
      ...secretFields('ca', context),
      ...secretFields('cert', context),
      ...secretFields('key', context),
      server_name: d.withDefault(d.text, ''),
      insecure_skip_verify: d.withDefault(d.boolean, false),
      min_version: d.optional(version),
      max_version: d.optional(version),
    }),
    (value, node): TlsSettings => {
      const read = (name: 'ca' | 'cert' | 'key') => secretOf(value, name, { node, context });
      const [ca, cert, key] = [read('ca'), read('cert'), read('key')];
      if ((cert === undefined) !== (key === undefined))
        node.report('cert and key are given both or not at all');
      const { min_version: minVersion, max_version: maxVersion, server_name: serverName } = value;
      const settings: TlsSettings = {
        isVerified: !value.insecure_skip_verify,
        ...(ca !== undefined && { ca }),
        ...(cert !== undefined && { cert }),
        ...(key !== undefined && { key }),
        ...(serverName !== '' && { serverName }),
        ...(minVersion && { minVersion }),
        ...(maxVersion && { maxVersion }),
      };
      checkVersions(settings, node);
      if (context.references.areHidden !== true) checkCertificates(settings, node);
      return settings;
    },
  );
}

/** What TLS cannot use is found when the file is read, not when an alert fires. */
function checkCertificates({ ca, cert, key }: TlsSettings, node: ConfigNode): void {
  const attempt = (name: string, use: () => unknown): void => {
    try {
      use();
    } catch (error) {
      node.report(`${name} cannot be used: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  if (ca !== undefined) attempt('ca', () => new X509Certificate(ca));
  if (cert !== undefined && key !== undefined)
    attempt('cert and key', () => createSecureContext({ cert, key }));
}

function checkVersions({ minVersion, maxVersion }: TlsSettings, node: ConfigNode): void {
  // Their names sort as they are numbered.
  if (minVersion !== undefined && maxVersion !== undefined && minVersion > maxVersion)
    node.report('min_version is above max_version');
}
