/** Holds the shape of the house: layers, declared dependencies, doors, sizes, names, and clean text. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');

/** Imports go to a lower layer only; a neighbour of the same layer is listed where it may be used. */
const LAYER: Readonly<Record<string, number>> = {
  core: 0,
  otlp: 0,
  redaction: 0,
  config: 0,
  templates: 0,
  promql: 1,
  metrics: 1,
  rules: 1,
  alerting: 1,
  audit: 1,
  health: 1,
  platform: 2,
  backends: 2,
  ingest: 3,
  delivery: 3,
  query: 3,
  console: 3,
  packs: 4,
  sdk: 4,
  cli: 5,
};
const NEIGHBOURS = new Set([
  'otlp->core',
  'redaction->core',
  'config->core',
  'templates->core',
  'metrics->promql',
  'rules->promql',
  'backends->platform',
]);

const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(ROOT, file)));
const sources = tracked.filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'));
const workspaces = readdirSync(join(ROOT, 'packages'));

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const isTestCode = (file: string): boolean =>
  /\.(test|bench)\.ts$/.test(file) || file.includes('/testing/') || file.startsWith('test/');
const lineCount = (file: string): number => read(file).trimEnd().split('\n').length;

function importsOf(file: string): readonly string[] {
  const pattern =
    /(?:^|\n)\s*(?:import|export)\b[^'"`;]*?from\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)import\s*['"]([^'"]+)['"]/g;
  return [...read(file).matchAll(pattern)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}

function packageOf(specifier: string): string {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? '');
}

describe('workspaces', () => {
  test.each(workspaces)('%s has a layer, a README and a manifest that names it', (name) => {
    expect(LAYER[name]).toBeDefined();
    expect(JSON.parse(read(`packages/${name}/package.json`))).toMatchObject({
      name: `@sluice/${name}`,
      private: true,
    });
    expect(read(`packages/${name}/README.md`).split('\n').length).toBeGreaterThan(3);
  });

  test.each(workspaces)('%s imports only what its manifest declares, and only down the layers', (name) => {
    const manifest = JSON.parse(read(`packages/${name}/package.json`)) as Record<
      string,
      Record<string, string> | undefined
    >;
    const problems: string[] = [];
    for (const file of sources.filter((source) => source.startsWith(`packages/${name}/`))) {
      const allowed = new Set([
        ...Object.keys(manifest.dependencies ?? {}),
        ...(isTestCode(file) ? Object.keys(manifest.devDependencies ?? {}) : []),
        ...(isTestCode(file) ? ['vitest', 'fast-check', 'esbuild'] : []),
      ]);
      for (const specifier of importsOf(file)) {
        if (specifier.startsWith('node:')) continue;
        if (specifier.startsWith('.')) {
          const target = relative(ROOT, join(ROOT, dirname(file), specifier));
          if (!target.startsWith(`packages/${name}/`))
            problems.push(`${file} reaches out of its room: ${specifier}`);
          continue;
        }
        const dependency = packageOf(specifier);
        if (!allowed.has(dependency))
          problems.push(`${file} imports ${dependency}, which the manifest does not declare`);
        const other = dependency.replace('@sluice/', '');
        if (!dependency.startsWith('@sluice/') || other === name || isTestCode(file)) continue;
        const down = LAYER[other]! < LAYER[name]! || NEIGHBOURS.has(`${name}->${other}`);
        if (!down)
          problems.push(`${file} (layer ${LAYER[name]}) imports ${dependency} (layer ${LAYER[other]})`);
      }
    }
    expect(problems).toEqual([]);
  });

  test('every outside dependency is pinned to an exact version', () => {
    const loose = ['package.json', ...workspaces.map((name) => `packages/${name}/package.json`)].flatMap(
      (file) => {
        const manifest = JSON.parse(read(file)) as Record<string, Record<string, string> | undefined>;
        return Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })
          .filter(
            ([name, version]) => !name.startsWith('@sluice/') && !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version),
          )
          .map(([name, version]) => `${file}: ${name}@${version}`);
      },
    );
    expect(loose).toEqual([]);
  });
});

describe('doors', () => {
  test('process.env is read only by functions/, the command line and the demo', () => {
    const readers = sources.filter(
      (file) =>
        file.startsWith('packages/') &&
        !isTestCode(file) &&
        !/^packages\/(cli|packs)\//.test(file) &&
        /\bprocess\.env\b/.test(read(file)),
    );
    expect(readers).toEqual([]);
  });

  test('adapters are constructed only by functions/ and the command line', () => {
    const constructors = sources.filter(
      (file) =>
        /^packages\/(?!platform|cli)/.test(file) &&
        !isTestCode(file) &&
        importsOf(file).some((specifier) =>
          /^@sluice\/platform\/(aws|embedded)\/(?!database$)/.test(specifier),
        ),
    );
    expect(constructors).toEqual([]);
  });

  test('a file directly in functions/ is a door: at most 40 lines', () => {
    const long = sources.filter((file) => /^functions\/[^/]+\.ts$/.test(file) && lineCount(file) > 40);
    expect(long).toEqual([]);
  });
});

describe('files', () => {
  const rooms = sources.filter((file) => /^(packages|functions)\//.test(file) && !isTestCode(file));

  test('none is over 400 lines', () => {
    expect(
      rooms.filter((file) => lineCount(file) > 400).map((file) => `${file}: ${lineCount(file)}`),
    ).toEqual([]);
  });

  test('half are within 90 lines, nine of ten within 250', () => {
    const lengths = rooms.map(lineCount).sort((a, b) => a - b);
    expect(lengths[Math.floor(lengths.length * 0.5)]).toBeLessThanOrEqual(90);
    expect(lengths[Math.floor(lengths.length * 0.9)]).toBeLessThanOrEqual(250);
  });

  test('each says at its top why it exists', () => {
    const silent = rooms.filter((file) => !/^(#!.*\n)?\s*\/(\*\*|\/)/.test(read(file)));
    expect(silent).toEqual([]);
  });

  test('names are kebab-case and say what is inside', () => {
    const odd = sources.filter(
      (file) =>
        !/^[a-z0-9]+(-[a-z0-9]+)*(\.(test|bench|config|peer))?\.ts$/.test(basename(file)) ||
        /^(utils?|helpers?|manager|service|index|misc|common)\.ts$/.test(basename(file)),
    );
    expect(odd).toEqual([]);
  });
});

describe('text', () => {
  test('nothing committed names a machine path or holds a credential', () => {
    const forbidden = [
      new RegExp(['', 'work', '(main|shared)'].join('/')),
      new RegExp(['', '(root|home)', '[a-z.]'].join('/')),
      /AKIA[0-9A-Z]{16}/,
      /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
      /\bglc_[A-Za-z0-9+/=]{20,}/,
    ];
    const found = tracked
      .filter((file) => file !== 'package-lock.json')
      .flatMap((file) =>
        forbidden.filter((pattern) => pattern.test(read(file))).map((pattern) => `${file}: ${pattern}`),
      );
    expect(found).toEqual([]);
  });

  test('the lock file names no registry host other than by package', () => {
    expect(read('package-lock.json')).not.toMatch(/"resolved": "https?:/);
  });
});
