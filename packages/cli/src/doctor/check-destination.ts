/** Checks that a real Tempo or Loki can be reached and takes our credentials, with a push that holds nothing. */
import { parseDestination, toPushUrl } from '@sluice/backends/destination';
import { redact } from '@sluice/backends/redact';
import { describeError } from '@sluice/core/errors';
import type { BackendSettings } from '@sluice/core/local-settings';
import type { Check, CheckResult } from './check.ts';

export interface DestinationCheck {
  readonly name: string;
  readonly settings: BackendSettings;
  readonly urlSetting: string;
  readonly authSetting: string;
  readonly path: string;
  readonly contentType: string;
  readonly emptyPush: string;
}

const TIMEOUT_MS = 10_000;

export function checkDestination(options: DestinationCheck): Check {
  const { name, settings, urlSetting, authSetting, path, contentType, emptyPush } = options;
  return {
    name,
    async run({ fetch }) {
      const { url, authorization, secrets } = parseDestination(settings.url, settings.auth);
      let status: number;
      try {
        const response = await fetch(toPushUrl(url, path), {
          method: 'POST',
          headers: { 'content-type': contentType, ...(authorization === undefined ? {} : { authorization }) },
          body: emptyPush,
          redirect: 'manual',
          signal: AbortSignal.timeout(TIMEOUT_MS),
        });
        await response.body?.cancel();
        status = response.status;
      } catch (error) {
        return [
          {
            status: 'fail',
            detail: `${url} cannot be reached: ${redact(describeError(error), secrets)}`,
            remedy: `check ${urlSetting}`,
          },
        ];
      }
      return [judge(status, { url, urlSetting, authSetting })];
    },
  };
}

interface Place {
  readonly url: string;
  readonly urlSetting: string;
  readonly authSetting: string;
}

/** An empty push is answered 2xx, or refused for being empty; both mean that the door is the right one. */
function judge(status: number, { url, urlSetting, authSetting }: Place): Omit<CheckResult, 'name'> {
  if ((status >= 200 && status < 300) || status === 400 || status === 422)
    return { status: 'ok', detail: `${url} takes what we send` };
  if (status === 401 || status === 403) {
    return {
      status: 'fail',
      detail: `${url} refuses our credentials (HTTP ${status})`,
      remedy: `check ${authSetting}`,
    };
  }
  if (status === 429 || status >= 500) {
    return {
      status: 'warn',
      detail: `${url} answers HTTP ${status} just now`,
      remedy: 'it will be tried again; look there if it stays',
    };
  }
  return {
    status: 'fail',
    detail: `${url} answers HTTP ${status}`,
    remedy: `check ${urlSetting}: is it the base URL?`,
  };
}
