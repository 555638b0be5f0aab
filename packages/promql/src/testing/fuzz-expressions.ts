/** Breaks expressions at random and runs them: whatever comes out has to be a result or a QueryError. */
import { createRandom, type Random } from '@sluice/core/testing/random';
import { FUNCTION_SIGNATURES } from '../parse/function-signatures.ts';
import { QueryError } from '../query-error.ts';
import { notedReader, testEngine } from './noted-series.ts';
import { SOURCE_EXPRESSIONS, SOURCE_SERIES } from './source-expressions.ts';

export interface FuzzReport {
  readonly runs: number;
  /** How many were answered with a value. */
  readonly answered: number;
  /** Expressions that ended with an error of another kind, and that error. */
  readonly crashes: readonly string[];
  readonly slowestMs: number;
  readonly slowest: string;
}

const SEEDS = [
  ...SOURCE_EXPRESSIONS,
  'sum by (job) (rate(requests_total{status=~"5..", job!="x"}[5m] offset 1m)) / ignoring(status) group_left sum(up)',
  'histogram_quantile(0.99, sum by (le) (rate(latency_bucket[5m])))',
  'max_over_time((-up + 2 ^ 3 % 5)[30m:1m] @ end()) >= bool 1 or vector(1) unless absent(down)',
  'topk(2, size) and on (job) quantile(0.5, size) by (job)',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a regex group, not a placeholder
  'label_replace(up, "a", "$1-${1}", "job", "(.*)") * on (a) group_right (job) fill_left(1) up',
  'native + native * 2 </ 3 - histogram_count(native)',
  'count_values without (job) ("value", round(size, 0.5) atan2 time())',
  'rate(requests_total[5m] smoothed) + increase(requests_total[min_of(5m, 2*step())+1s] anchored)',
  'info(up, {__name__=~".+_info", version=~".*"}) == 1e3 != 0x1F < Inf',
  'predict_linear(size[10m], 3600) + scalar(size) * -1d # comment',
];

const DATA = `
requests_total{job="a",status="200"} 0+10x30
requests_total{job="a",status="500"} 0+1x10 0+1x20
requests_total{job="b",status="500"} 0 _ 5 stale 1+1x26
latency_bucket{job="a",le="0.1"} 0+1x30
latency_bucket{job="a",le="1"} 0+2x30
latency_bucket{job="a",le="+Inf"} 0+3x30
up{job="a"} 1x30
up{job="b"} 1 0 1 NaN 1x26
size{job="a"} 1e300 -1e300 Inf 3x27
size{job="b"} 5 4 3 2 1x26
native{job="a"} {{schema:1 count:9 sum:5 z_bucket:1 z_bucket_w:0.001 buckets:[1 2 1] n_buckets:[1 2 1]}}+{{schema:1 count:4 sum:2 buckets:[2 1 1]}}x30
native{job="b"} {{schema:-53 count:5 sum:5 custom_values:[1 5] buckets:[1 2 2]}}x30
target_info{job="a",version="1"} 1x30
`;

const PIECES = [
  ...FUNCTION_SIGNATURES.keys(),
  ...'( ) { } [ ] , : + - * / % ^ == != < <= > >= =~ !~ = </ >/ @ # " \' `'.split(' '),
  ...'by without on ignoring group_left group_right bool offset and or unless atan2 start() end() step()'.split(
    ' ',
  ),
  ...'sum avg count topk limitk limit_ratio quantile stddev 5m 1y 0 1 -1 NaN Inf 1e400 0x 9999999d 1ms 1i'.split(
    ' ',
  ),
  '[5m]',
  '[1h:1m]',
  '[100y:1ms]',
  '{job=~"(a|b)*c{1000}"}',
  '\u0000',
  '\ud83d\ude00',
  '((((((((',
];

export async function fuzzExpressions({ runs, seed }: { runs: number; seed: number }): Promise<FuzzReport> {
  const random = createRandom(seed);
  const reader = notedReader(DATA + SOURCE_SERIES);
  const engine = testEngine({ maxSamples: 1_000_000 });
  // So that the slowest run is not the one that waits for the compiler.
  for (const query of SEEDS) await engine.instant(query, { reader, timeMs: 900_000 });
  const crashes: string[] = [];
  let answered = 0;
  let slowest = '';
  let slowestMs = 0;
  for (let run = 0; run < runs; run++) {
    const query = mutate(random.pick(SEEDS), random);
    const attempt = async (): Promise<number> => {
      const before = process.hrtime.bigint();
      try {
        if (run % 2 === 0) await engine.instant(query, { reader, timeMs: 900_000 });
        else await engine.range(query, { reader, startMs: 0, endMs: 1_800_000, stepMs: 60_000 });
        answered++;
      } catch (error) {
        if (!(error instanceof QueryError))
          crashes.push(`${JSON.stringify(query)}: ${(error as Error).stack}`);
      }
      return Number(process.hrtime.bigint() - before) / 1e6;
    };
    let ms = await attempt();
    // Another process may have held it up: slow is what is slow twice.
    if (ms > 50) ms = Math.min(ms, await attempt());
    if (ms > slowestMs) {
      slowestMs = ms;
      slowest = query;
    }
  }
  return { runs, answered, crashes, slowestMs, slowest };
}

function mutate(seed: string, random: Random): string {
  const tokens = seed.match(/\w+|\s+|[^\w\s]/g) ?? [];
  const changes = 1 + random.below(2);
  for (let i = 0; i < changes; i++) {
    const at = random.below(tokens.length + 1);
    const other = random.below(tokens.length + 1);
    const action = random.below(6);
    if (action === 0) tokens.splice(at, 1 + random.below(3));
    else if (action === 1) tokens.splice(at, 0, random.pick(PIECES));
    else if (action === 2) tokens.splice(at, 1, random.pick(PIECES));
    else if (action === 3) tokens.splice(at, 0, ...tokens.slice(other, other + 8));
    else if (action === 4)
      tokens.splice(at, 0, ...(random.pick(SEEDS).match(/\w+|\s+|[^\w\s]/g) ?? []).slice(0, 12));
    else tokens.splice(at, 1, tokens[other] ?? '');
  }
  return tokens.join('');
}
