import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { startMailServer } from '../../testing/mail-server.ts';
import { loadIntegration, makeIntegration } from '../../testing/make-integration.ts';
import { makeNotification, makeNotified } from '../../testing/notifications.ts';

const signal = new AbortController().signal;
const trusting = { tls_config: { insecure_skip_verify: true } };
const make = (port: number, settings: object = {}) =>
  makeIntegration('email_configs', {
    to: 'On Call <oncall@x.test>, second@x.test',
    from: 'Alerts <alerts@x.test>',
    smarthost: `127.0.0.1:${port}`,
    ...settings,
  });

describe('a mail', () => {
  test('is sent over STARTTLS, with the default subject and an HTML part', async () => {
    await using server = await startMailServer();
    const outcome = await make(server.port, trusting).send(makeNotification(), { signal });
    expect(outcome).toEqual({ status: 'ok' });
    const [mail] = server.mails;
    expect(mail).toMatchObject({
      from: 'alerts@x.test',
      to: ['oncall@x.test', 'second@x.test'],
      isSecure: true,
    });
    expect(mail!.text).toContain('Subject: [FIRING:1] Down (api critical)\r\n');
    expect(mail!.text).toContain('From: Alerts <alerts@x.test>\r\n');
    expect(mail!.text).toContain('Content-Type: text/html; charset=utf-8');
    expect(mail!.text.replaceAll('=\r\n', '')).toContain('2 alerts for alertname=3DDown');
  });

  test('has what the configuration says, and escapes values in HTML alone', async () => {
    await using server = await startMailServer();
    const alerts = [makeNotified({ alertname: 'Down', expr: '<b>' })];
    await make(server.port, {
      ...trusting,
      headers: { Subject: 'S {{ .CommonLabels.expr }}', 'X-Team': 'ops', 'reply-to': 'r@x.test' },
      html: '<p>{{ .CommonLabels.expr }}</p>',
      text: 'plain {{ .CommonLabels.expr }}',
    }).send(makeNotification(alerts), { signal });
    const { text } = server.mails[0]!;
    for (const part of [
      'Subject: S <b>\r\n',
      'X-Team: ops\r\n',
      'Reply-To: r@x.test\r\n',
      'multipart/alternative',
      'plain <b>\r\n',
      '<p>&lt;b&gt;</p>',
    ])
      expect(text).toContain(part);
  });

  test('of every attempt has the same Message-ID, of another content another', async () => {
    await using server = await startMailServer();
    const mail = make(server.port, trusting);
    await mail.send(makeNotification(), { signal });
    await mail.send(makeNotification(), { signal });
    await mail.send(makeNotification(undefined, { idempotencyKey: 'other' }), { signal });
    const [first, second, third] = server.mails.map(({ text }) => /Message-ID: (.+)\r/.exec(text)?.[1]);
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  });

  test('cannot get headers of its own through a label', async () => {
    await using server = await startMailServer();
    const alerts = [makeNotified({ alertname: 'Down\r\nBcc: victim@x.test' })];
    await make(server.port, { ...trusting, headers: { 'X-Alert': '{{ .GroupLabels.alertname }}' } }).send(
      makeNotification(alerts),
      { signal },
    );
    expect(server.mails[0]!.text.split('\r\n\r\n')[0]).not.toMatch(/^Bcc:/m);
    expect(server.mails[0]!.to).toEqual(['oncall@x.test', 'second@x.test']);
  });
});

describe('TLS', () => {
  test('is refused to a server whose certificate nobody vouches for', async () => {
    await using server = await startMailServer();
    const outcome = await make(server.port).send(makeNotification(), { signal });
    expect(outcome).toMatchObject({ status: 'retryable', reason: expect.stringMatching(/certificate/) });
    expect(server.mails).toEqual([]);
  });

  test('is required: nothing is sent in the clear', async () => {
    await using server = await startMailServer({ isPlain: true });
    const outcome = await make(server.port, trusting).send(makeNotification(), { signal });
    expect(outcome.status).not.toBe('ok');
    expect(server.mails).toEqual([]);
  });

  test('is not required where the configuration says so', async () => {
    await using server = await startMailServer({ isPlain: true });
    const outcome = await make(server.port, { require_tls: false }).send(makeNotification(), { signal });
    expect(outcome).toEqual({ status: 'ok' });
    expect(server.mails[0]).toMatchObject({ isSecure: false });
  });
});

describe('a login', () => {
  const login = { user: 'mailer', password: 'correct-horse' };

  test.each([
    ['with a password', { auth_username: 'mailer', auth_password: 'correct-horse' }],
    ['with a secret (CRAM-MD5)', { auth_username: 'mailer', auth_secret: 'correct-horse' }],
  ])('%s', async (_, auth) => {
    await using server = await startMailServer({ login });
    const outcome = await make(server.port, { ...trusting, ...auth }).send(makeNotification(), { signal });
    expect(outcome).toEqual({ status: 'ok' });
    expect(server.mails[0]).toMatchObject({ user: 'mailer' });
  });

  test('that is refused is final, and the password is not told', async () => {
    await using server = await startMailServer({ login });
    const auth = { auth_username: 'mailer', auth_password: 'battery-staple' };
    const outcome = await make(server.port, { ...trusting, ...auth }).send(makeNotification(), { signal });
    expect(outcome.status).toBe('permanent');
    expect(JSON.stringify(outcome)).not.toMatch(/battery-staple|YmF0dGVyeS1zdGFwbGU/);
  });
});

describe('faults', () => {
  test.each([
    [450, 'retryable'],
    [550, 'permanent'],
  ])('a recipient that is answered %i is %s', async (status, meaning) => {
    await using server = await startMailServer({
      refused: { 'oncall@x.test': status, 'second@x.test': status },
    });
    const outcome = await make(server.port, trusting).send(makeNotification(), { signal });
    expect(outcome.status).toBe(meaning);
  });

  test('a server that is not there is tried again', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    expect((await make(port).send(makeNotification(), { signal })).status).toBe('retryable');
  });

  test.each([
    [{ from: 'a@b', smarthost: 'h:25' }, 'to is missing'],
    [{ to: 'a@b', smarthost: 'h:25' }, 'no global SMTP from set'],
    [{ to: 'a@b', from: 'a@b' }, 'no global SMTP smarthost set'],
    [{ to: 'a@b', from: 'a@b', smarthost: 'h' }, 'smarthost "h" is not host:port'],
    [
      { to: 'a@b', from: 'a@b', smarthost: 'h:25', headers: { Subject: 'a', subject: 'b' } },
      'duplicate header "subject" in email config',
    ],
  ])('%j is refused: %s', (settings, message) => {
    expect(loadIntegration('email_configs', settings).problems.join()).toContain(message);
  });
});

test('the preview shows the mail without sending it', async () => {
  const preview = await make(1, { text: 'hello', html: '' }).preview!(makeNotification());
  expect(preview).toMatchObject({ subject: '[FIRING:1] Down (api critical)', text: 'hello' });
});

test('what the global section says serves where a receiver says nothing', async () => {
  await using server = await startMailServer({ isPlain: true, login: { user: 'g', password: 'gp' } });
  const global = {
    smtp_smarthost: `127.0.0.1:${server.port}`,
    smtp_from: 'global@x.test',
    smtp_require_tls: false,
    smtp_auth_username: 'g',
    smtp_auth_password_file: 'password',
    smtp_hello: 'sluice.test',
  };
  const files = { password: 'gp\n' };
  const mail = makeIntegration('email_configs', { to: 'a@x.test' }, { global, files });
  expect(await mail.send(makeNotification(), { signal })).toEqual({ status: 'ok' });
  expect(server.mails[0]).toMatchObject({ from: 'global@x.test', user: 'g' });
  expect(server.mails[0]!.text).toContain('@sluice.test>');
});
