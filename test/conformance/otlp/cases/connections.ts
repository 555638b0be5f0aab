/** HTTP/1.1 beneath OTLP: connections that are kept, pipelined, slow, chunked, lied about and broken. */
import { ok, strictEqual } from 'node:assert/strict';
import { post, type Theme } from '../conformance-case.ts';
import { expectExport, expectRefusal, expectTakenOrPutOff } from '../expect-answer.ts';
import { soundRequest } from '../protobuf-payloads.ts';
import { rawHead, type Target } from '../target.ts';

const PROTOBUF = { 'content-type': 'application/x-protobuf' };

function raw(
  target: Target,
  body: Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): readonly (string | Uint8Array)[] {
  return [rawHead(target, { ...PROTOBUF, 'content-length': String(body.length), ...headers }), body];
}

async function stillTakes(target: Target): Promise<void> {
  expectExport(await post(target, soundRequest('traces')));
}

export const connections: Theme = {
  name: 'connections',
  cases: [
    {
      name: 'one connection serves several requests one after the other',
      basis: 'spec',
      async run(target) {
        const requests = Array.from({ length: 5 }, () => raw(target, soundRequest('traces'))).flat();
        const { answers } = await target.exchange(requests, { answers: 5, pauseMs: 5 });
        strictEqual(answers.length, 5);
        for (const answer of answers) expectExport(answer);
      },
    },
    {
      name: 'requests that are pipelined are all answered, in order',
      basis: 'spec',
      async run(target) {
        const pieces = Array.from({ length: 10 }, (_, i) => {
          const body = i % 2 === 0 ? soundRequest('traces') : Buffer.from([0xff]);
          return raw(target, body).map((piece) => Buffer.from(piece as string));
        }).flat();
        const { answers } = await target.exchange([Buffer.concat(pieces)], { answers: 10 });
        strictEqual(answers.length, 10);
        for (const [i, answer] of answers.entries()) {
          if (i % 2 === 0) expectExport(answer);
          else expectRefusal(answer, { status: 400 });
        }
      },
    },
    {
      name: 'after a refusal the connection serves the next request',
      basis: 'spec',
      async run(target) {
        const refused = raw(target, soundRequest('traces'), { 'content-type': 'text/plain' });
        const { answers } = await target.exchange([...refused, ...raw(target, soundRequest('traces'))], {
          answers: 2,
          pauseMs: 20,
        });
        strictEqual(answers.length, 2);
        expectRefusal(answers[0]!, { status: 415, encoding: 'json' });
        expectExport(answers[1]!);
      },
    },
    {
      name: 'a chunked body is taken',
      basis: 'spec',
      async run(target) {
        const body = soundRequest('traces', 3);
        const pieces = [body.subarray(0, 10), body.subarray(10, 11), body.subarray(11)];
        expectExport(await target.send({ headers: PROTOBUF, body: pieces }));
      },
    },
    {
      name: 'a chunked body without a byte is an empty request',
      basis: 'spec',
      async run(target) {
        const head = rawHead(target, { ...PROTOBUF, 'transfer-encoding': 'chunked' });
        const { answers } = await target.exchange([head, '0\r\n\r\n'], { answers: 1 });
        ok(answers[0] !== undefined, 'there was no answer');
        expectExport(answers[0]);
      },
    },
    {
      name: 'a body that drips in piece by piece is taken',
      basis: 'spec',
      async run(target) {
        const body = soundRequest('traces', 3);
        const step = Math.ceil(body.length / 20);
        const pieces = Array.from({ length: 20 }, (_, i) => body.subarray(i * step, (i + 1) * step)).filter(
          (piece) => piece.length > 0,
        );
        expectExport(await target.send({ headers: PROTOBUF, body: pieces, pauseMs: 20 }));
      },
    },
    {
      name: 'a body that comes in bytes is taken',
      basis: 'spec',
      async run(target) {
        const [head, body] = raw(target, soundRequest('traces')) as [string, Buffer];
        const { answers } = await target.exchange(
          [head, ...Array.from(body, (byte) => Buffer.from([byte]))],
          { answers: 1 },
        );
        ok(answers[0] !== undefined, 'there was no answer');
        expectExport(answers[0]);
      },
    },
    {
      name: 'Expect: 100-continue is answered and the body taken',
      basis: 'spec',
      async run(target) {
        const body = soundRequest('traces');
        const { answers } = await target.exchange(raw(target, body, { expect: '100-continue' }), {
          answers: 1,
          pauseMs: 30,
        });
        ok(answers[0] !== undefined, 'there was no answer');
        expectExport(answers[0]);
      },
    },
    {
      name: 'a body that is shorter than it was said to be is never taken',
      basis: 'spec',
      async run(target) {
        const body = soundRequest('traces');
        const pieces = raw(target, body, { 'content-length': String(body.length + 100) });
        const { answers } = await target.exchange(pieces, { answers: 1, close: 'end' });
        for (const answer of answers) ok(answer.status >= 400, `it was answered ${answer.status}`);
        await stillTakes(target);
      },
    },
    {
      name: 'bytes beyond the length that was said are no part of the request: it is taken, or the connection refused',
      basis: 'spec',
      async run(target) {
        const body = soundRequest('traces');
        const pieces = raw(target, Buffer.concat([body, Buffer.from('GARBAGE\r\n\r\n')]), {
          'content-length': String(body.length),
        });
        const { answers } = await target.exchange(pieces, { answers: 1 });
        ok(answers[0] !== undefined, 'there was no answer');
        if (answers[0].status === 200) expectExport(answers[0]);
        else strictEqual(answers[0].status, 400);
        await stillTakes(target);
      },
    },
    {
      name: 'a length that is no number is refused with 400',
      basis: 'spec',
      async run(target) {
        const pieces = raw(target, soundRequest('traces'), { 'content-length': 'twelve' });
        const { answers } = await target.exchange(pieces, { answers: 1 });
        strictEqual(answers[0]?.status, 400);
      },
    },
    {
      name: 'a length and chunks at once are refused or read as chunks, never both (RFC 9112 § 6.3)',
      basis: 'spec',
      async run(target) {
        const head = rawHead(target, { ...PROTOBUF, 'content-length': '5', 'transfer-encoding': 'chunked' });
        const { answers } = await target.exchange([head, '0\r\n\r\n'], { answers: 2, close: 'end' });
        ok(answers.length <= 1, 'one request was answered twice');
        await stillTakes(target);
      },
    },
    {
      name: 'clients that break off in the middle of a body do no harm',
      basis: 'spec',
      async run(target) {
        const body = soundRequest('traces', 50);
        for (let i = 0; i < 20; i++) {
          const [head] = raw(target, body) as [string, Buffer];
          await target.exchange([head, body.subarray(0, i * 50)], { answers: 1, close: 'reset' });
        }
        await stillTakes(target);
      },
    },
    {
      name: 'clients that leave before the answer do no harm',
      basis: 'spec',
      async run(target) {
        await Promise.all(
          Array.from({ length: 20 }, () =>
            target.exchange(raw(target, soundRequest('traces', 20)), { answers: 1, close: 'reset' }),
          ),
        );
        await stillTakes(target);
      },
    },
    {
      name: 'a body that stands still does not hold up others',
      basis: 'spec',
      async run(target) {
        const body = soundRequest('traces');
        const [head] = raw(target, body) as [string, Buffer];
        const slow = target.exchange([head, body.subarray(0, 5), body.subarray(5)], {
          answers: 1,
          pauseMs: 250,
        });
        const others = await Promise.all(
          Array.from({ length: 10 }, () => post(target, soundRequest('traces'))),
        );
        for (const answer of others) expectExport(answer);
        const { answers } = await slow;
        expectExport(answers[0]!);
      },
    },
    {
      name: 'something that is not HTTP does no harm',
      basis: 'spec',
      async run(target) {
        const { answers } = await target.exchange(['\x16\x03\x01 this is not HTTP\r\n\r\n'], { answers: 1 });
        for (const answer of answers) strictEqual(answer.status, 400);
        await stillTakes(target);
      },
    },
    {
      name: 'a hundred requests at once are each taken, or put off with Retry-After',
      basis: 'spec',
      async run(target) {
        const answers = await Promise.all(
          Array.from({ length: 100 }, (_, i) => post(target, soundRequest('traces', 1 + (i % 50)))),
        );
        for (const answer of answers) expectTakenOrPutOff(answer);
      },
    },
    {
      name: 'good and bad requests at once each get their own answer',
      basis: 'spec',
      async run(target) {
        await Promise.all(
          Array.from({ length: 60 }, async (_, i) => {
            if (i % 3 === 0) expectRefusal(await post(target, Buffer.from([0xff, i])), { status: 400 });
            else expectTakenOrPutOff(await post(target, soundRequest('traces', i)));
          }),
        );
      },
    },
  ],
};
