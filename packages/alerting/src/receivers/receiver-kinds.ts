/** Every kind of receiver, one line each. */
import { emailKind } from './email/email-receiver.ts';
import { opsgenieKind } from './opsgenie/opsgenie-receiver.ts';
import { pagerdutyKind } from './pagerduty/pagerduty-receiver.ts';
import type { ReceiverKind } from './receiver.ts';
import { slackKind } from './slack/slack-receiver.ts';
import { telegramKind } from './telegram/telegram-receiver.ts';
import { webhookKind } from './webhook/webhook-receiver.ts';

export const RECEIVER_KINDS = [
  emailKind,
  opsgenieKind,
  pagerdutyKind,
  slackKind,
  telegramKind,
  webhookKind,
] as readonly unknown[] as readonly ReceiverKind[];
