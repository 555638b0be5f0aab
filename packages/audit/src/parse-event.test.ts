import { parseTenantId } from '@sluice/core/ids';
import { describe, expect, test } from 'vitest';
import { canonicalize, type Json } from './canonical-json.ts';
import { type ParsedEvent, parseAuditEvent, parseExactJson } from './parse-event.ts';

const tenant = parseTenantId('acme');
const nowMs = Date.UTC(2026, 4, 1, 12);
const parse = (input: Json, idempotencyKey?: string): ParsedEvent =>
  parseAuditEvent(input, { tenant, nowMs, ...(idempotencyKey === undefined ? {} : { idempotencyKey }) });

describe('canonical JSON', () => {
  test.each([
    [{ b: 1, a: [true, null, 'x'] }, '{"a":[true,null,"x"],"b":1}'],
    [
      { '\u20ac': 1, '\r': 2, '1': 3, '\ud83d\ude00': 4, '\u0080': 5, '\u00f6': 6, '\ufb33': 7 },
      '{"\\r":2,"1":3,"\u0080":5,"\u00f6":6,"\u20ac":1,"\ud83d\ude00":4,"\ufb33":7}',
    ],
    [[333333333.3333333, 1e30, 4.5, 2e-3, 1e-27, -0], '[333333333.3333333,1e+30,4.5,0.002,1e-27,0]'],
    ['\u20ac$\u000f\nA\'B"\\"/', '"\u20ac$\\u000f\\nA\'B\\"\\\\\\"/"'],
  ] as const)('of RFC 8785: %j', (value, text) => {
    expect(canonicalize(value as Json)).toBe(text);
  });

  test.each([[Number.NaN], [Number.POSITIVE_INFINITY], ['\ud800'], [undefined as unknown as Json]])(
    '%j has none',
    (value) => {
      expect(() => canonicalize([value])).toThrow(TypeError);
    },
  );
});

describe('an audit event', () => {
  test('may use the names of schema v1', () => {
    const parsed = parse({
      schema: 1,
      id: 'evt-1',
      time: '2026-05-01T11:59:00.25Z',
      type: 'auth.login',
      level: 'warning',
      action: 'login',
      result: 'failure',
      actor: { id: 'user-1', type: 'user', email: 'u@example.org' },
      targets: [{ id: 'console', type: 'app' }, 'api'],
      source: { ip: '192.0.2.1', user_agent: 'curl', service: 'gateway' },
      tracking_id: 't-1',
      attributes: { attempt: 3 },
    });
    expect(parsed).toEqual({
      status: 'ok',
      event: {
        schema: 1,
        id: expect.stringMatching(/^ev_[0-9a-f]{40}$/),
        clientId: 'evt-1',
        time: '2026-05-01T11:59:00.250Z',
        received: '2026-05-01T12:00:00.000Z',
        type: 'auth.login',
        category: 'user',
        level: 'WARNING',
        action: 'login',
        result: 'failure',
        actor: { id: 'user-1', type: 'user', email: 'u@example.org' },
        targets: [{ id: 'console', type: 'app' }, { id: 'api' }],
        source: { ip: '192.0.2.1', userAgent: 'curl', service: 'gateway' },
        trackingId: 't-1',
        attributes: { attempt: 3 },
      },
    });
  });

  test.each([
    [
      'log_user_event of Perfect21',
      {
        event_type: 'USER_ACTION',
        user_id: 'user123',
        action: 'data_export',
        resource: 'customer_data',
        result: 'success',
      },
      {
        type: 'USER_ACTION',
        category: 'user',
        level: 'INFO',
        actor: { id: 'user123' },
        targets: [{ id: 'customer_data' }],
        result: 'success',
      },
    ],
    [
      'log_security_event of Perfect21',
      {
        event_type: 'SECURITY_VIOLATION',
        action: 'unauthorized_access',
        result: 'blocked',
        source_ip: '192.168.1.100',
      },
      { category: 'security', action: 'unauthorized_access', source: { ip: '192.168.1.100' } },
    ],
    [
      'logger.audit of Lyss',
      {
        timestamp: '2026-05-01T11:00:00.123456',
        service: 'chat',
        version: '1.2',
        level: 'AUDIT',
        message: 'Audit event: login',
        event_type: 'login',
        tenant_id: 't9',
        user_id: 7,
        action: 'login',
        resource: 'session',
        result: 'success',
      },
      {
        time: '2026-05-01T11:00:00.123Z',
        level: 'INFO',
        actor: { id: '7' },
        source: { service: 'chat' },
        description: 'Audit event: login',
        attributes: { tenant_id: 't9', version: '1.2' },
      },
    ],
    [
      'logger.security of Lyss',
      { level: 'SECURITY', event_type: 'brute_force', severity: 'high', description: 'many failed logins' },
      { category: 'security', level: 'CRITICAL', severity: 'high', description: 'many failed logins' },
    ],
  ])('may be %s', (_, input, expected) => {
    const parsed = parse(input as Json);
    expect(parsed.status === 'ok' && parsed.event).toMatchObject(expected);
  });

  test('keeps whole numbers beyond 2^53 digit for digit, as text', () => {
    expect(
      parseExactJson('{"a":9007199254740993,"b":9007199254740991,"c":-123456789012345678901,"d":1.5e300}'),
    ).toEqual({
      a: '9007199254740993',
      b: 9007199254740991,
      c: '-123456789012345678901',
      d: 1.5e300,
    });
  });

  test('has the same id each time when it has an id of its own or an idempotency key, and a new one otherwise', () => {
    const idOf = (parsed: ParsedEvent): string => (parsed.status === 'ok' ? parsed.event.id : 'rejected');
    const event = { type: 'x' };
    expect(idOf(parse({ ...event, id: 'a' }))).toBe(
      idOf(parse({ ...event, event_id: 'a', result: 'other' })),
    );
    expect(idOf(parse(event, 'key#0'))).toBe(idOf(parse(event, 'key#0')));
    expect(idOf(parse(event, 'key#0'))).not.toBe(idOf(parse(event, 'key#1')));
    expect(idOf(parse(event))).not.toBe(idOf(parse(event)));
  });

  test.each([
    [[], '$', /an array where an object/],
    [{ type: '' }, '$.type', /missing; send what happened/],
    [{ type: 'x', schema: 2 }, '$.schema', /schema 2 is not known/],
    [{ type: { a: 1 } }, '$.type', /an? object where text/],
    [{ type: 'x', level: 'LOUD' }, '$.level', /"LOUD" is not one of INFO, WARNING, ERROR, CRITICAL/],
    [{ type: 'x', time: 'yesterday' }, '$.time', /RFC 3339/],
    [{ type: 'x', time: true }, '$.time', /RFC 3339/],
    [{ type: 'x', timestamp: '2026-05-01T12:10:00Z' }, '$.timestamp', /5 minutes in the future/],
    [{ type: 'x', time: nowMs / 1000 - 8 * 86400 }, '$.time', /7 days in the past/],
    [{ type: 'x', actor: { name: 'no id' } }, '$.actor.id', /at least an id/],
    [{ type: 'x', targets: Array.from({ length: 21 }, (_, i) => `t${i}`) }, '$.targets', /at most 20/],
    [{ type: 'x', targets: [{}] }, '$.targets[0].id', /at least an id/],
    [{ type: 'x'.repeat(2000) }, '$.type', /2000 characters; at most 1024/],
    [{ type: 'x', attributes: 'none' }, '$.attributes', /a string where an object/],
    [
      { type: 'x', attributes: Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`a${i}`, i])) },
      '$.attributes',
      /101 attributes/,
    ],
    [{ type: 'x', blob: 'y'.repeat(70_000) }, '$', /at most 61440/],
    [{ type: 'x', list: [{ text: '\ud800' }] }, '$.list[0].text', /half of a surrogate pair/],
    [{ type: 'x', '\udc00': 1 }, '$', /a name with half of a surrogate pair/],
    [{ type: 'x', 'a b': Number.POSITIVE_INFINITY }, '$["a b"]', /no double holds; send it as text/],
    [
      { type: 'x', deep: JSON.parse(`${'['.repeat(40)}${']'.repeat(40)}`) },
      `$.deep${'[0]'.repeat(15)}`,
      /deeper than 16/,
    ],
  ])('is refused with place and reason: %.80j', (input, path, reason) => {
    expect(parse(input as Json)).toEqual({ status: 'rejected', path, reason: expect.stringMatching(reason) });
  });

  test.each<[string, Json, Json]>([
    ['a second name for the type', { type: 'a', event_type: 'b' }, { event_type: 'b' }],
    ['a second name that says the same', { type: 'a', event_type: 'a', level: 'INFO' }, undefined!],
    ['a second time', { type: 'a', time: nowMs, timestamp: 'then' }, { timestamp: 'then' }],
    ['a second actor', { type: 'a', actor: { id: '7' }, user_id: 8 }, { user_id: 8 }],
    ['a name beside an id', { type: 'a', actor: 'alice', user_id: 7 }, { actor: 'alice' }],
    [
      'more about the actor',
      { type: 'a', user: { user_id: 'u', email: 'e', roles: ['admin'] }, user_id: 'u' },
      { 'user.roles': ['admin'] },
    ],
    [
      'more about targets',
      { type: 'a', targets: ['x', { id: 'y', owner: 'z' }], resource: 'r' },
      { resource: 'r', 'targets[1].owner': 'z' },
    ],
    ['more about one target', { type: 'a', target: { id: 'y', size: 5 } }, { 'target.size': 5 }],
    [
      'a type of resource without a resource',
      { type: 'a', resource_type: 'file' },
      { resource_type: 'file' },
    ],
    [
      'more about the source',
      { type: 'a', source: { ip: '192.0.2.1', port: 22 }, client_ip: '192.0.2.2' },
      { 'source.port': 22, client_ip: '192.0.2.2' },
    ],
    ['a second result', { type: 'a', result: 'ok', outcome: 'granted' }, { outcome: 'granted' }],
    ['both ids of a request', { type: 'a', tracking_id: 't', trace_id: 'u' }, { trace_id: 'u' }],
    [
      'details beside attributes',
      { type: 'a', attributes: { b: 1 }, details: { c: 2 } },
      { b: 1, details: { c: 2 } },
    ],
  ])('keeps what it has no room for: %s', (_name, input, attributes) => {
    const parsed = parse(input);
    expect(parsed.status === 'ok' && parsed.event.attributes).toEqual(attributes);
  });

  test.each([
    [nowMs, '2026-05-01T12:00:00.000Z'],
    [nowMs / 1000 - 60, '2026-05-01T11:59:00.000Z'],
    ['2026-05-01 13:59:00+02:00', '2026-05-01T11:59:00.000Z'],
    [null, '2026-05-01T12:00:00.000Z'],
  ])('takes the time %j', (time, expected) => {
    const parsed = parse({ type: 'x', time });
    expect(parsed.status === 'ok' && parsed.event.time).toBe(expected);
  });
});
