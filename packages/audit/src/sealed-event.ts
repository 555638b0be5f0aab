/**
 * The form in which an event enters the tree: everything about persons is one AES-256-GCM ciphertext
 * under the subject's key, so that the hash tree commits to ciphertext and stays whole when a key is destroyed.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { TenantId } from '@sluice/core/ids';
import { canonicalize, type Json } from './canonical-json.ts';
import type { Actor, AuditEvent, Source } from './event.ts';
import type { Keyring } from './keyring.ts';

/** What is encrypted: who acted and from where, the free text, and attributes that are named as personal. */
interface Personal {
  readonly actor?: Actor;
  readonly ip?: string;
  readonly userAgent?: string;
  readonly description?: string;
  readonly clientId?: string;
  readonly attributes?: { readonly [name: string]: Json };
}

/** As stored; its canonical JSON is the entry of the hash tree. */
export interface SealedEvent {
  readonly schema: 1;
  readonly id: string;
  /** Of events with a client's id: fingerprint of what the client sent, to tell a repeat from a conflict. */
  readonly same?: string;
  readonly time: string;
  readonly received: string;
  /** When its segment was made; never before that of an earlier event. */
  readonly recorded?: string;
  readonly type: string;
  readonly category: string;
  readonly level: AuditEvent['level'];
  readonly action: string;
  readonly result: string;
  /** Pseudonym of the actor's id: the same for all events of one actor. */
  readonly actorRef?: string;
  readonly targets: AuditEvent['targets'];
  readonly service?: string;
  readonly severity?: string;
  readonly trackingId?: string;
  readonly attributes?: { readonly [name: string]: Json };
  readonly personal?: { readonly keyId: string; readonly iv: string; readonly ciphertext: string };
}

/** An event as read back. `erased` says that its personal part is gone for good. */
export interface OpenedEvent extends AuditEvent {
  readonly actorRef?: string;
  readonly recorded?: string;
  readonly erased?: true;
}

export interface SealOptions {
  readonly keyring: Keyring;
  readonly tenant: TenantId;
  /** Names of attributes that are personal, as `PERSONAL_ATTRIBUTES` has them. */
  readonly personalAttributes?: ReadonlySet<string>;
}

/** Letters and digits alone, in lower case: `full_name`, `fullName` and `Full-Name` are one name. */
export const PERSONAL_ATTRIBUTES: ReadonlySet<string> = new Set(
  'email mail phone phonenumber mobile address name fullname firstname lastname displayname username user userid actor actorid birthdate dateofbirth dob ssn iban ip clientip sourceip ipaddress remoteaddr useragent url sessionid eventid description message'.split(
    ' ',
  ),
);

/** Events without an actor share one subject, so that their addresses and texts are encrypted too. */
const NO_SUBJECT = '-';
const IV_BYTES = 12;
const TAG_BYTES = 16;

export async function sealEvent(event: AuditEvent, options: SealOptions): Promise<SealedEvent> {
  const { keyring, tenant, personalAttributes = PERSONAL_ATTRIBUTES } = options;
  const { actor, source, description, clientId, attributes, schema, ...open } = event;
  const [personalPart, openPart] = partition(attributes, personalAttributes);
  const personal: Personal = {
    ...(actor === undefined ? {} : { actor }),
    ...ipAndAgent(source),
    ...(description === undefined ? {} : { description }),
    ...(clientId === undefined ? {} : { clientId }),
    ...(personalPart === undefined ? {} : { attributes: personalPart }),
  };
  const actorRef = actor === undefined ? undefined : await keyring.pseudonym(tenant, actor.id);
  const hasPersonal = Object.keys(personal).length > 0;
  return {
    schema,
    ...open,
    ...(clientId === undefined ? {} : { same: await keyring.fingerprint(tenant, sameText(event)) }),
    ...(actorRef === undefined ? {} : { actorRef }),
    ...(source?.service === undefined ? {} : { service: source.service }),
    ...(openPart === undefined ? {} : { attributes: openPart }),
    ...(hasPersonal ? { personal: await encrypt(personal, event.id, options, actor?.id ?? NO_SUBJECT) } : {}),
  };
}

/** @throws when the ciphertext does not belong to this tenant and event, or was changed. */
export async function openEvent(sealed: SealedEvent, { keyring, tenant }: SealOptions): Promise<OpenedEvent> {
  const { personal, service, attributes, same: _, ...open } = sealed;
  const plain = personal === undefined ? {} : await decrypt(personal, sealed.id, { keyring, tenant });
  const merged = plain?.attributes === undefined ? attributes : { ...attributes, ...plain.attributes };
  const source: Source = {
    ...(plain?.ip === undefined ? {} : { ip: plain.ip }),
    ...(plain?.userAgent === undefined ? {} : { userAgent: plain.userAgent }),
    ...(service === undefined ? {} : { service }),
  };
  return {
    ...open,
    ...(plain?.actor === undefined ? {} : { actor: plain.actor }),
    ...(Object.keys(source).length === 0 ? {} : { source }),
    ...(plain?.description === undefined ? {} : { description: plain.description }),
    ...(plain?.clientId === undefined ? {} : { clientId: plain.clientId }),
    ...(merged === undefined ? {} : { attributes: merged }),
    ...(plain === undefined ? { erased: true as const } : {}),
  };
}

/** The bytes that the tree commits to. */
export function entryOf(sealed: SealedEvent): Uint8Array {
  return Buffer.from(canonicalize(sealed as unknown as Json));
}

/** What the client sent, without what the pipeline filled in: a repeat arrives at another time. */
function sameText(event: AuditEvent): string {
  const { received, time, ...sent } = event;
  return canonicalize({ ...sent, ...(time === received ? {} : { time }) } as unknown as Json);
}

async function encrypt(
  personal: Personal,
  eventId: string,
  { keyring, tenant }: SealOptions,
  subject: string,
): Promise<NonNullable<SealedEvent['personal']>> {
  const { keyId, key } = await keyring.keyFor(tenant, subject);
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(aad(tenant, eventId));
  const body = Buffer.concat([cipher.update(JSON.stringify(personal)), cipher.final(), cipher.getAuthTag()]);
  return { keyId, iv: iv.toString('base64'), ciphertext: body.toString('base64') };
}

async function decrypt(
  personal: NonNullable<SealedEvent['personal']>,
  eventId: string,
  { keyring, tenant }: SealOptions,
): Promise<Personal | undefined> {
  const key = await keyring.open(tenant, personal.keyId);
  if (key === undefined) return undefined;
  const body = Buffer.from(personal.ciphertext, 'base64');
  const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(personal.iv, 'base64'), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(aad(tenant, eventId)).setAuthTag(body.subarray(-TAG_BYTES));
  const plain = Buffer.concat([decipher.update(body.subarray(0, -TAG_BYTES)), decipher.final()]);
  return JSON.parse(plain.toString()) as Personal;
}

function aad(tenant: TenantId, eventId: string): Buffer {
  return Buffer.from(`sluice-audit-event\n${tenant}\n${eventId}`);
}

function ipAndAgent(source: Source | undefined): Pick<Personal, 'ip' | 'userAgent'> {
  return {
    ...(source?.ip === undefined ? {} : { ip: source.ip }),
    ...(source?.userAgent === undefined ? {} : { userAgent: source.userAgent }),
  };
}

type Attributes = { readonly [name: string]: Json };

function partition(
  attributes: Attributes | undefined,
  personal: ReadonlySet<string>,
): readonly [Attributes | undefined, Attributes | undefined] {
  const entries = Object.entries(attributes ?? {});
  const toObject = (isChosen: boolean): Attributes | undefined => {
    const chosen = entries.filter(([name, value]) => isPersonal(name, value, personal) === isChosen);
    return chosen.length === 0 ? undefined : Object.fromEntries(chosen);
  };
  return [toObject(true), toObject(false)];
}

/** By its name, by that of the part it comes from (`actor.roles`, `source.ip`), or by a name anywhere inside of it. */
function isPersonal(name: string, value: Json, personal: ReadonlySet<string>): boolean {
  if (name.split('.').some((segment) => personal.has(segment.replaceAll(/[^A-Za-z0-9]/g, '').toLowerCase())))
    return true;
  if (typeof value !== 'object' || value === null) return false;
  const inner: readonly (readonly [string, Json])[] = Array.isArray(value)
    ? value.map((entry: Json) => ['', entry] as const)
    : Object.entries(value);
  return inner.some(([key, entry]) => isPersonal(key, entry, personal));
}
