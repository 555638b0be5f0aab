/**
 * The text that the pipeline writes of itself (format 0.0.4) as OpenMetrics 1.0: counters lose `_total` in
 * their family's name, help has its quotes escaped, bounds are written as floats.
 */

/** For text without timestamps, as `SelfMetrics.render` writes it. */
export function toOpenMetricsText(text: string): string {
  const lines: string[] = [];
  let help = '';
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const described = /^# (HELP|TYPE) (\S+) ?(.*)$/.exec(line);
    if (described === null) {
      lines.push(line.replace(/le="(-?\d+)"/, 'le="$1.0"'));
      continue;
    }
    const [, keyword, name = '', rest = ''] = described;
    if (keyword === 'HELP') {
      // TYPE follows, and decides under which name the help stands.
      help = rest.replaceAll('"', '\\"');
      continue;
    }
    const isTotal = rest === 'counter' && name.endsWith('_total');
    const family = isTotal ? name.slice(0, -6) : name;
    lines.push(`# TYPE ${family} ${rest === 'counter' && !isTotal ? 'unknown' : rest}`);
    if (help !== '') lines.push(`# HELP ${family} ${help}`);
    help = '';
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}
