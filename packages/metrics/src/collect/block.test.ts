import { labelsKey } from '@sluice/promql/model/labels';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DamagedBytes } from '../codec/byte-reader.ts';
import { ByteWriter } from '../codec/byte-writer.ts';
import { packBytes } from '../codec/pack-bytes.ts';
import type { MetricPoint, SeriesIdentity } from '../model/metric-point.ts';
import type { Level } from '../model/snapshot.ts';
import { decodeBlock, encodeBlock, type Section } from './block.ts';
import { decodeRoster, encodeRoster } from './series-table.ts';

describe('blocks', () => {
  const level: fc.Arbitrary<Level> = fc.oneof(
    fc.integer(),
    fc.double({ noNaN: true }),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n }),
  );
  const word = fc.string({ minLength: 1, maxLength: 8 });
  const series: fc.Arbitrary<SeriesIdentity> = fc
    .record({ name: word, value: word, unit: word, help: word })
    .map(({ name, value, unit, help }) => ({
      labels: [
        { name: '__name__', value: name },
        { name: 'job', value },
      ],
      id: `__name__\u0000${name}\u0001job\u0000${value}\u0001`,
      job: value,
      family: { name, sourceName: name, kind: 'counter', unit, help },
    }));
  const exemplars = fc.array(
    fc.record({
      labels: fc.constantFrom(
        [],
        [
          { name: 'trace_id', value: 'ab'.repeat(16) },
          { name: 'x', value: 'y' },
        ],
      ),
      value: fc.double({ noNaN: true }),
      timeMs: fc.nat(),
    }),
    { maxLength: 2 },
  );
  const buckets = fc
    .uniqueArray(fc.tuple(fc.integer({ min: -300, max: 300 }), level), {
      selector: ([index]) => index,
      maxLength: 5,
    })
    .map((pairs) => new Map(pairs));
  const sum = fc.option(fc.double({ noNaN: true }), { nil: undefined });
  const point: fc.Arbitrary<MetricPoint> = fc
    .record({
      series,
      mode: fc.constantFrom('delta' as const, 'cumulative' as const),
      origin: fc.constantFrom('0123456789abcdef', 'fedcba9876543210'),
      startMs: fc.nat(2 ** 41),
      timeMs: fc.nat(2 ** 41),
      exemplars,
    })
    .map((base) => (base.mode === 'cumulative' ? base : { ...base, origin: '', startMs: 0 }))
    .chain((base) =>
      fc.oneof(
        level.map((value) => ({ ...base, type: 'number' as const, value })),
        fc
          .record({ bounds: fc.constantFrom([], [1, 2.5]), sum })
          .chain(({ bounds, sum: own }) =>
            fc
              .array(level, { minLength: bounds.length + 1, maxLength: bounds.length + 1 })
              .map((counts) => ({ ...base, type: 'histogram' as const, bounds, counts, sum: own })),
          ),
        fc
          .record({
            scale: fc.integer({ min: -11, max: 20 }),
            zeroThreshold: fc.constantFrom(0, 0.5),
            zeroCount: level,
            positive: buckets,
            negative: buckets,
          })
          .chain((native) => sum.map((own) => ({ ...base, type: 'exponential' as const, native, sum: own }))),
        fc
          .record({
            quantiles: fc.array(fc.record({ quantile: fc.double(), value: fc.double() }), { maxLength: 3 }),
            count: level,
            sum: fc.double({ noNaN: true }),
          })
          .map((own) => ({ ...base, type: 'summary' as const, ...own })),
        fc.constant({ ...base, type: 'stale' as const }),
      ),
    );
  const section: fc.Arbitrary<Section> = fc.record({
    id: fc.constantFrom('00000000000000aa', 'ffffffffffffffff'),
    receivedAtMs: fc.nat(2 ** 41),
    points: fc.array(point, { maxLength: 6 }),
  });

  test('give back what was written', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(section, { maxLength: 4 }), async (sections) => {
        expect(await decodeBlock(encodeBlock(sections))).toEqual(sections);
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  test('hold series with any number of labels', async () => {
    const make = (count: number, last: string): MetricPoint => {
      const labels = Array.from({ length: count }, (_, at) => ({
        name: `l${at}`,
        value: at === count - 1 ? last : 'v',
      }));
      const id = labels.map(({ name, value }) => `${name}\u0000${value}\u0001`).join('');
      const family = { name: 'm', sourceName: 'm', kind: 'gauge', unit: '', help: '' } as const;
      const base = { mode: 'state', origin: '', startMs: 0, timeMs: 5, exemplars: [] } as const;
      return { ...base, type: 'number', value: 1, series: { labels, id, job: '', family } };
    };
    const points = [1, 3, 3, 40, 41, 60, 2, 0].map((count, place) => make(count, `x${place}`));
    const sections = [{ id: '00000000000000aa', receivedAtMs: 5, points }];
    expect(await decodeBlock(encodeBlock(sections))).toEqual(sections);
  });

  test('give only what is wanted', async () => {
    const make = (id: string): Section => ({ id, receivedAtMs: 5, points: [] });
    const packed = encodeBlock([make('00000000000000aa'), make('00000000000000bb')]);
    const wanted = await decodeBlock(packed, { isWanted: (id) => id.endsWith('bb') });
    expect(wanted.map(({ id }) => id)).toEqual(['00000000000000bb']);
    expect(await decodeBlock(packed, { isWanted: () => false })).toEqual([]);
  });

  test('that are damaged are told from those that are not', async () => {
    const [whole] = fc.sample(fc.array(section, { minLength: 4, maxLength: 4 }), { seed: 3, numRuns: 1 }) as [
      Section[],
    ];
    const packed = encodeBlock(whole!);
    for (let size = 0; size < packed.length - 1; size += 7) {
      await expect(decodeBlock(packed.subarray(0, size))).rejects.toThrow(DamagedBytes);
    }
    const writer = new ByteWriter();
    writer.byte(9);
    await expect(decodeBlock(packBytes(writer.finish()))).rejects.toThrow('block version 9 is not known');
  });

  test('refer to rosters for series that were written before', async () => {
    const lists = ['a', 'b'].map((name) => ({ name: name.repeat(32), series: numberedSeries(name, 50) }));
    const places = new Map(
      lists.flatMap(({ name, series: own }) => {
        const roster = { name, size: own.length, writtenMs: 0 };
        return own.map((one, index) => [one, { roster, index }] as const);
      }),
    );
    const all = [...numberedSeries('c', 3), ...lists.flatMap(({ series: own }) => own)];
    const points = all.map((own): MetricPoint => numberOf(own)).reverse();
    const sections = [{ id: '00000000000000aa', receivedAtMs: 5, points }];
    const packed = encodeBlock(sections, { placeOf: (own) => places.get(own) });
    expect(packed.length).toBeLessThan(encodeBlock(sections).length / 2);
    const rosters = new Map(lists.map(({ name, series: own }) => [name, encodeRoster(own)]));
    const decoded = await decodeBlock(packed, {
      readRoster: async (name) => decodeRoster(rosters.get(name)!),
    });
    expect(decoded).toEqual(sections);
    await expect(decodeBlock(packed)).rejects.toThrow(DamagedBytes);
  });

  test('write one series of a family out when its help is due', async () => {
    const family = { name: 'm', sourceName: 'm', kind: 'gauge', unit: '', help: 'How much.' } as const;
    const listed = numberedSeries('m', 20).map((own) => ({ ...own, family }));
    const roster = { name: 'a'.repeat(32), size: listed.length, writtenMs: 0 };
    const placeOf = (own: SeriesIdentity) => ({ roster, index: listed.findIndex(({ id }) => id === own.id) });
    const sections = [{ id: '00000000000000aa', receivedAtMs: 5, points: listed.map(numberOf) }];
    const helpsOf = async (isHelpKnown: () => boolean): Promise<readonly string[]> => {
      const readRoster = async () => decodeRoster(encodeRoster(listed));
      const [section] = await decodeBlock(encodeBlock(sections, { isHelpKnown, placeOf }), { readRoster });
      expect(section!.points.map(({ series: own }) => own.id)).toEqual(listed.map(({ id }) => id));
      return section!.points.map(({ series: own }) => own.family.help).filter((help) => help !== '');
    };
    expect(await helpsOf(() => false)).toEqual(['How much.']);
    expect(await helpsOf(() => true)).toEqual([]);
  });
});

function numberedSeries(name: string, count: number): readonly SeriesIdentity[] {
  const family = { name, sourceName: name, kind: 'gauge', unit: '', help: '' } as const;
  return Array.from({ length: count }, (_, number) => {
    const labels = [
      { name: '__name__', value: name },
      { name: 'series', value: `${name}-${number}` },
    ];
    return { labels, id: labelsKey(labels), job: '', family };
  });
}

function numberOf(series: SeriesIdentity): MetricPoint {
  const base = { mode: 'state', origin: '', startMs: 0, timeMs: 5, exemplars: [] } as const;
  return { ...base, type: 'number', value: 1, series };
}
