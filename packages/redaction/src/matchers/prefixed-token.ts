/**
 * Keys that name their maker: a known prefix and a run of characters of at least a known length. The lengths
 * are the makers' own, or somewhat below where they do not promise one.
 */
import { CLASS, isIn, isStart, runEnd } from '../characters.ts';
import type { Match, Matcher } from '../matcher.ts';

export interface TokenShape {
  readonly prefix: string;
  /** Characters behind the prefix. */
  readonly minChars: number;
  /** Behind the prefix are upper-case letters and digits alone. */
  readonly isUpper?: boolean;
}

const KNOWN: readonly TokenShape[] = [
  // AWS IAM User Guide § Unique identifiers: access keys of users, of sessions.
  { prefix: 'AKIA', minChars: 16, isUpper: true },
  { prefix: 'ASIA', minChars: 16, isUpper: true },
  // This pipeline's own keys.
  { prefix: 'slk_', minChars: 30 },
  // GitHub: personal, OAuth, user-to-server, server-to-server, refresh, fine-grained.
  ...['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'].map((prefix) => ({ prefix, minChars: 30 })),
  { prefix: 'github_pat_', minChars: 20 },
  { prefix: 'glpat-', minChars: 16 },
  // Slack: bot, user, app, refresh, workspace tokens.
  ...['xoxb-', 'xoxp-', 'xoxa-', 'xoxr-', 'xoxs-', 'xoxe-', 'xapp-'].map((prefix) => ({
    prefix,
    minChars: 10,
  })),
  // Stripe: secret, restricted; webhooks.
  ...['sk_live_', 'sk_test_', 'rk_live_', 'rk_test_', 'whsec_'].map((prefix) => ({ prefix, minChars: 16 })),
  { prefix: 'AIza', minChars: 30 },
  { prefix: 'ya29.', minChars: 20 },
  ...['sk-ant-', 'sk-proj-'].map((prefix) => ({ prefix, minChars: 16 })),
  // Grafana: service accounts, Grafana Cloud.
  { prefix: 'glsa_', minChars: 20 },
  { prefix: 'glc_', minChars: 20 },
  { prefix: 'npm_', minChars: 30 },
  { prefix: 'pypi-', minChars: 30 },
  { prefix: 'hf_', minChars: 30 },
  { prefix: 'dop_v1_', minChars: 40 },
  { prefix: 'hvs.', minChars: 20 },
  { prefix: 'SG.', minChars: 40 },
  { prefix: 'AGE-SECRET-KEY-', minChars: 40 },
];

export function tokenPrefixes(extra: readonly TokenShape[]): readonly string[] {
  return [...KNOWN, ...extra].map(({ prefix }) => prefix);
}

export function createTokenMatcher(extra: readonly TokenShape[] = []): Matcher {
  const shapes = [...KNOWN, ...extra];
  const byFirst = Map.groupBy(shapes, ({ prefix }) => prefix[0]!);
  return {
    anchors: [...byFirst.keys()].join(''),
    onIds: true,
    find(text, at, from): Match | undefined {
      if (!isStart(text, at, { bit: CLASS.base64url, from })) return undefined;
      for (const { prefix, minChars, isUpper = false } of byFirst.get(text[at]!) ?? []) {
        if (!text.startsWith(prefix, at)) continue;
        const end = tokenEnd(text, at + prefix.length);
        if (end - at - prefix.length < minChars) continue;
        if (isUpper && !isUpperRun(text, at, at + prefix.length + minChars)) continue;
        return { start: at, end, replacement: '[redacted:token]' };
      }
      return undefined;
    },
  };
}

/** base64url with single dots inside: a full stop behind a token is not part of it. */
function tokenEnd(text: string, at: number): number {
  let end = runEnd(text, at, CLASS.base64url);
  for (let dots = 0; dots < 3 && text[end] === '.' && isIn(text, end + 1, CLASS.base64url); dots++) {
    end = runEnd(text, end + 1, CLASS.base64url);
  }
  return end;
}

function isUpperRun(text: string, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i);
    if (!((code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a))) return false;
  }
  return true;
}
