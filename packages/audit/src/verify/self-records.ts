/**
 * Keys, holds and expiries, held against what the log records of them: a key may be gone only if its erasure is
 * recorded, a body only if its expiry is, and a hold stands exactly from its placing to its release.
 */
import type { TenantId } from '@sluice/core/ids';
import type { Item } from '@sluice/core/ports/table';
import type { Keyring } from '../keyring.ts';
import { digestOf, RECORD_TYPE } from '../log-records.ts';
import type { SealedEvent } from '../sealed-event.ts';
import { encodeStubs, type Segment } from '../segment.ts';
import type { Report } from './finding.ts';

export interface SelfRecords {
  addKeyItem(item: Item): void;
  addHoldItem(item: Item): void;
  addSegment(segment: Segment): void;
  addEvent(event: SealedEvent): void;
  finish(): Promise<void>;
}

export function createSelfRecords(tenant: TenantId, keyring: Keyring, report: Report): SelfRecords {
  const keyItems = new Map<string, Item>();
  const usedKeys = new Set<string>();
  const erasedKeys = new Set<string>();
  const holdItems = new Map<string, Item>();
  const holds = new Map<string, string>();
  const recordedExpiries = new Set<string>();
  const expiries: { readonly where: string; readonly text: string }[] = [];

  async function checkKey(keyId: string, { sk, pk: _, ...attributes }: Item): Promise<void> {
    const names = Object.keys(attributes).join();
    if (names === 'erased' && attributes.erased === true) {
      if (!erasedKeys.has(keyId)) report('missing', sk, 'the key was destroyed without a record of it');
      return;
    }
    if (names !== 'wrapped') return report('mutated', sk, 'is not the item of a key');
    if (erasedKeys.has(keyId)) return report('extra', sk, 'the key is back after its erasure was recorded');
    try {
      await keyring.open(tenant, keyId, { fresh: true });
    } catch {
      report('mutated', sk, 'the wrapped key cannot be opened');
    }
  }

  return {
    addKeyItem: (item) => void keyItems.set(item.sk.slice('key#'.length), item),
    addHoldItem: (item) => void holdItems.set(item.sk, item),
    addSegment({ firstSeq, stubs }) {
      if (stubs.length === 0) return;
      expiries.push({ where: String(firstSeq), text: `${firstSeq} ${digestOf(encodeStubs(stubs))}` });
    },
    addEvent({ type, category, personal, attributes = {} }) {
      if (personal !== undefined) usedKeys.add(personal.keyId);
      if (category !== 'system') return;
      const text = (name: string): string => String(attributes[name] ?? '');
      if (type === RECORD_TYPE.subjectErased)
        for (const keyId of text('key_ids').split(' ')) erasedKeys.add(keyId);
      if (type === RECORD_TYPE.expired) recordedExpiries.add(`${text('first_seq')} ${text('digest')}`);
      if (type === RECORD_TYPE.holdPlaced) holds.set(`hold#${text('hold_id')}`, text('hold'));
      if (type === RECORD_TYPE.holdReleased) holds.delete(`hold#${text('hold_id')}`);
    },
    async finish() {
      for (const [keyId, item] of keyItems) await checkKey(keyId, item);
      for (const keyId of usedKeys)
        if (!keyItems.has(keyId)) report('missing', `key#${keyId}`, 'the key of events in the log is gone');
      for (const { where, text } of expiries) {
        if (!recordedExpiries.has(text))
          report('missing', where, 'events are gone without a record of their expiry');
      }
      for (const [where, text] of holds)
        if (!holdItems.has(where))
          report('missing', where, `the hold ${text} is gone without a record of its release`);
      for (const [where, { pk: _, sk: __, hold, ...others }] of holdItems) {
        const placed = holds.get(where);
        if (placed === undefined) report('extra', where, 'the hold was never placed');
        else if (placed !== hold || Object.keys(others).length > 0)
          report('mutated', where, 'is not the hold that was placed');
      }
    },
  };
}
