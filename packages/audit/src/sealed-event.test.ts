import { expect, test } from 'vitest';
import type { Json } from './canonical-json.ts';
import { createKeyring } from './keyring.ts';
import { openEvent, sealEvent } from './sealed-event.ts';
import { ACME, createAuditFixture } from './testing/audit-fixture.ts';

const PERSON = 'ada@example.org';

test.each<[string, { readonly [name: string]: Json }]>([
  ['by its name', { email: PERSON }],
  ['however that is spelt', { 'Full-Name': PERSON, firstName: PERSON, client_ip: PERSON }],
  ['by a name inside', { customer: { contacts: [{ Email: PERSON }] } }],
  ['by where it stood', { 'actor.roles': [PERSON], 'user.team': PERSON }],
  ['as another name of the actor', { user_id: PERSON }],
])('an attribute that is personal %s is readable with its key alone', async (_how, attributes) => {
  const fixture = createAuditFixture();
  const options = { keyring: createKeyring({ ...fixture }), tenant: ACME };
  const event = fixture.event({ type: 'x', user_id: 'u', attributes: { ...attributes, count: 3 } });
  const sealed = await sealEvent(event, options);
  expect(JSON.stringify(sealed)).not.toContain(PERSON);
  expect(sealed.attributes).toEqual({ count: 3 });
  expect((await openEvent(sealed, options)).attributes).toEqual(event.attributes);
});
