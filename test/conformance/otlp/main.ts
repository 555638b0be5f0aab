/** `npm run conformance:otlp -- --url URL [--key KEY]`: the black-box suite against any OTLP/HTTP endpoint. */
import { parseArgs } from 'node:util';
import { describeError } from '@sluice/core/errors';
import { THEMES } from './all-cases.ts';
import { type CaseResult, runSuite } from './run-suite.ts';
import { openTarget, type TargetOptions } from './target.ts';

const USAGE = `usage: npm run conformance:otlp -- --url URL [options]

  --url URL                    base of the endpoint, for example http://127.0.0.1:4318
  --key KEY                    API key, sent as "Authorization: Bearer KEY"
  --only WORD                  only cases whose theme or name holds WORD
  --spec-only                  only what OTLP and HTTP demand, not what Sluice promises beyond
  --max-wire-bytes N           the endpoint's limit of a body as sent (default 4194304; 0: none)
  --max-inflated-bytes N       the endpoint's limit of a body once inflated (default 67108864; 0: none)
  --json                       one JSON object a case instead of the table
  --list                       the cases, without running them
  --help                       this text

Ends with one line of JSON, {"passed":N,"failed":N,"skipped":N}, and with status 1 if a case failed.`;

const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    key: { type: 'string' },
    only: { type: 'string' },
    'spec-only': { type: 'boolean', default: false },
    'max-wire-bytes': { type: 'string' },
    'max-inflated-bytes': { type: 'string' },
    json: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  console.log(USAGE);
} else if (values.list) {
  for (const { name, cases } of THEMES)
    for (const one of cases) console.log(`${name}: ${one.name} (${one.basis})`);
} else if (values.url === undefined || !URL.canParse(values.url)) {
  console.error(`--url is missing or not a URL\n\n${USAGE}`);
  process.exitCode = 2;
} else {
  process.exitCode = await run(new URL(values.url)).catch((error) => {
    console.error(describeError(error));
    return 2;
  });
}

async function run(url: URL): Promise<number> {
  const target = await openTarget(url, toTargetOptions());
  let theme = '';
  const print = (result: CaseResult): void => {
    if (values.json) {
      console.log(JSON.stringify(result));
      return;
    }
    if (result.theme !== theme) console.log(`\n${result.theme}`);
    theme = result.theme;
    const sign = { passed: 'ok  ', failed: 'FAIL', skipped: 'skip' }[result.status];
    console.log(`  ${sign} ${result.name}`);
    if (result.reason !== undefined) console.log(`         ${result.reason}`);
  };
  const results = await runSuite(THEMES, target, {
    ...(values.only === undefined ? {} : { only: values.only }),
    specOnly: values['spec-only'],
    onResult: print,
  });
  target.close();
  const count = (wanted: CaseResult['status']): number =>
    results.filter(({ status }) => status === wanted).length;
  if (!values.json) console.log();
  console.log(
    JSON.stringify({ passed: count('passed'), failed: count('failed'), skipped: count('skipped') }),
  );
  return count('failed') === 0 ? 0 : 1;
}

function toTargetOptions(): TargetOptions {
  const wire = values['max-wire-bytes'];
  const inflated = values['max-inflated-bytes'];
  return {
    ...(values.key === undefined ? {} : { key: values.key }),
    ...(wire === undefined ? {} : { maxWireBytes: Number(wire) }),
    ...(inflated === undefined ? {} : { maxInflatedBytes: Number(inflated) }),
  };
}
