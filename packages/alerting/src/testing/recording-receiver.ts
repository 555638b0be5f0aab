/** A kind of receiver that writes down what it is told, and fails as a test wants. */
import * as d from '@sluice/config/decoder';
import type { CommonReceiverConfig, Notification, ReceiverKind, SendOutcome } from '../receivers/receiver.ts';

export interface RecordingReceiver {
  readonly kind: ReceiverKind;
  /** Of every attempt that was answered ok, in order. */
  readonly delivered: readonly Notification[];
  readonly attempts: number;
  /** What the next attempts are answered; ok when it is empty. */
  readonly answers: SendOutcome[];
}

export function createRecordingReceiver(): RecordingReceiver {
  const delivered: Notification[] = [];
  const answers: SendOutcome[] = [];
  let attempts = 0;
  const kind: ReceiverKind = {
    key: 'test_configs',
    name: 'test',
    decode: () =>
      d.mapping({ send_resolved: d.withDefault(d.boolean, true) }) as d.Decoder<CommonReceiverConfig>,
    create: () => ({
      send: (notification) => {
        attempts += 1;
        const answer = answers.shift() ?? { status: 'ok' };
        if (answer.status === 'ok') delivered.push(notification);
        return Promise.resolve(answer);
      },
    }),
  };
  return {
    kind,
    delivered,
    answers,
    get attempts() {
      return attempts;
    },
  };
}
