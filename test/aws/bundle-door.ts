/** Bundles a door as SST does for Lambda: the settings are those of its Node builder, and of infra/function.ts. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';

export const ROOT = path.resolve(import.meta.dirname, '../..');

/** Names of the functions: every door but that of local mode. */
export const DOORS = readdirSync(path.join(ROOT, 'functions'))
  .filter((file) => /^[a-z-]+\.ts$/.test(file) && file !== 'local.ts')
  .map((file) => file.slice(0, -'.ts'.length))
  .sort();

const BANNER = [
  `import { createRequire as topLevelCreateRequire } from 'module';`,
  `const require = topLevelCreateRequire(import.meta.url);`,
  `import { fileURLToPath as topLevelFileUrlToPath, URL as topLevelURL } from "url"`,
  `const __filename = topLevelFileUrlToPath(import.meta.url)`,
  `const __dirname = topLevelFileUrlToPath(new topLevelURL(".", import.meta.url))`,
].join('\n');

export async function bundleDoor(
  name: string,
  outfile: string,
  options: Pick<BuildOptions, 'external' | 'plugins'> = { external: ['@aws-sdk/*'] },
): Promise<Metafile> {
  const { metafile } = await build({
    entryPoints: [path.join(ROOT, 'functions', `${name}.ts`)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'esnext',
    mainFields: ['module', 'main'],
    keepNames: true,
    minify: true,
    sourcemap: 'linked',
    metafile: true,
    banner: { js: BANNER },
    logLevel: 'error',
    absWorkingDir: ROOT,
    ...options,
    external: ['sharp', 'pg-native', ...(options.external ?? [])],
  });
  return metafile;
}

/**
 * The SDK as classes that send nothing: what a bundle costs without what the runtime brings along. Clients
 * answer what doors ask for before their first event.
 */
export const standInForSdk: Plugin = {
  name: 'stand-in-for-sdk',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^@aws-sdk\// }, ({ path: name }) => ({ path: name, namespace: 'sdk' }));
    onLoad({ filter: /.*/, namespace: 'sdk' }, async ({ path: name }) => {
      const names = Object.keys(await import(name)).filter((exported) => /^[A-Z]\w*$/.test(exported));
      const spki = `302a300506032b6570032100${'00'.repeat(32)}`;
      return {
        contents: `
          class Client { async send() {
            return { PublicKey: Buffer.from('${spki}', 'hex'), Parameter: { Value: 'secret' } };
          } }
          ${names.map((exported) => `export class ${exported} extends ${/Client$/.test(exported) ? 'Client' : 'Object'} {}`).join('\n')}`,
      };
    });
  },
};
