/** Every function of the language: what it takes, what it returns, and whether it is still experimental. */
import type { ValueType } from './ast.ts';

export interface FunctionSignature {
  readonly name: string;
  readonly args: readonly ValueType[];
  /** 0: exactly `args`; n > 0: the last may be missing or come up to n times; -1: any number of times. */
  readonly variadic: number;
  readonly returns: ValueType;
  readonly isExperimental: boolean;
}

/** `(` types `)`: v instant vector, m range vector, s scalar, t string; `?n` optional last, `*` repeated last. */
const TABLE = `
abs(v) absent(v) absent_over_time(m) acos(v) acosh(v) asin(v) asinh(v) atan(v) atanh(v) avg_over_time(m) ceil(v)
changes(m) clamp(vss) clamp_max(vs) clamp_min(vs) cos(v) cosh(v) count_over_time(m) days_in_month(v)?1
day_of_month(v)?1 day_of_week(v)?1 day_of_year(v)?1 deg(v) delta(m) deriv(m) exp(v) first_over_time(m) floor(v)
histogram_avg(v) histogram_count(v) histogram_sum(v) histogram_stddev(v) histogram_stdvar(v)
histogram_fraction(ssv) histogram_quantile(sv) hour(v)?1 idelta(m) increase(m) irate(m) label_replace(vtttt)
label_join(vttt)* last_over_time(m) ln(v) log10(v) log2(v) max_over_time(m) min_over_time(m) minute(v)?1 month(v)?1
pi():s predict_linear(ms) present_over_time(m) quantile_over_time(sm) rad(v) rate(m) resets(m) round(vs)?1
scalar(v):s sgn(v) sin(v) sinh(v) sort(v) sort_desc(v) sqrt(v) stddev_over_time(m) stdvar_over_time(m)
sum_over_time(m) tan(v) tanh(v) time():s timestamp(v) vector(s) year(v)?1
!double_exponential_smoothing(mss) !end():s !histogram_quantiles(vtss)?9 !info(vv)?1 !mad_over_time(m)
!max_of(ss):s !min_of(ss):s !range():s !sort_by_label(vt)* !sort_by_label_desc(vt)* !start():s !start_timestamp(v)
!step():s !ts_of_first_over_time(m) !ts_of_last_over_time(m) !ts_of_max_over_time(m) !ts_of_min_over_time(m)
`;

const TYPES: Readonly<Record<string, ValueType>> = { v: 'vector', m: 'matrix', s: 'scalar', t: 'string' };

export const FUNCTION_SIGNATURES: ReadonlyMap<string, FunctionSignature> = new Map(
  TABLE.trim()
    .split(/\s+/)
    .map((entry) => {
      const [, experimental, name = '', args = '', repeat, optional, returns] =
        /^(!?)(\w+)\((\w*)\)(?:(\*)|\?(\d))?(?::(\w))?$/.exec(entry) ?? [];
      const signature: FunctionSignature = {
        name,
        args: [...args].map((letter) => TYPES[letter]!),
        variadic: repeat ? -1 : Number(optional ?? 0),
        returns: returns === 's' ? 'scalar' : 'vector',
        isExperimental: experimental === '!',
      };
      return [name, signature];
    }),
);
