import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Metafile, type Plugin } from 'esbuild';
import packageJson from '../../package.json' with { type: 'json' };
import { programHelp } from '../../src/cli/help.ts';
import { HELP_WIDTHS } from '../../src/cli/helpWidth.ts';
import '../textHook.ts';
import { writeTable } from '../../src/cli/completion/tableText.ts';
import { buildInfo } from './buildInfo.ts';
import { makeCompletionTable } from './completionTable.ts';
import { filesAsText } from './filesAsText.ts';
import { packModules } from './packs.ts';

const root = join(import.meta.dirname, '..', '..');

/** client-node's generated API (2 MB) is only needed for calls that the program does not make. */
const withoutGeneratedApi: Plugin = {
  name: 'without-generated-api',
  setup({ onLoad }) {
    onLoad({ filter: /client-node[\\/]dist[\\/]gen[\\/]index\.js$/ }, () => ({
      contents:
        'export const createConfiguration = () => { throw new Error("not bundled"); };\n' +
        'export class ServerConfiguration {}\nexport const HttpMethod = {};\nexport class RequestContext {}',
      loader: 'js',
    }));
  },
};

/** The program uses only the version in package.json. */
const versionOnly: Plugin = {
  name: 'version-only',
  setup({ onLoad }) {
    onLoad({ filter: /^[^?]*package\.json$/ }, ({ path }) =>
      path === join(root, 'package.json')
        ? { contents: JSON.stringify({ version: packageJson.version }), loader: 'json' }
        : undefined,
    );
  },
};

/** client-node creates undici agents for requests that the program does not send: 0.7 MB. */
const withoutUndici: Plugin = {
  name: 'without-undici',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^undici$/ }, () => ({ path: 'undici', namespace: 'left-out' }));
    onLoad({ filter: /^undici$/, namespace: 'left-out' }, () => ({
      contents:
        'export class Agent {}\nexport class ProxyAgent {}\nexport const fetch = undefined;',
      loader: 'js',
    }));
  },
};

/** The program uses only the parser of yargs. The rest takes 5 ms to load, and opens standard output. */
const parserOnly: Plugin = {
  name: 'parser-only',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^yargs\/helpers$/ }, ({ path }) => ({ path, namespace: 'parser-only' }));
    onLoad({ filter: /^/, namespace: 'parser-only' }, () => ({
      contents: 'export { default as Parser } from "yargs-parser";',
      loader: 'js',
      resolveDir: root,
    }));
  },
};

/**
 * Bundles the program into a few ASCII files in `folder`, one for each pack. Returns esbuild's description of their
 * contents.
 */
export async function bundleProgram(folder: string): Promise<Metafile> {
  const help: Record<number, string> = {};
  for (const width of HELP_WIDTHS) help[width] = programHelp(width);
  const built = await build({
    absWorkingDir: root,
    entryPoints: ['src/main.ts'],
    outdir: folder,
    write: false,
    bundle: true,
    splitting: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    charset: 'ascii',
    minify: true,
    legalComments: 'none',
    define: {
      'import.meta.url': 'importMetaUrl',
      // As texts: for an object, esbuild creates a module that exports its value later, which packs.cjs forbids.
      NETDEBUG_BUILD: JSON.stringify(JSON.stringify(buildInfo(root) ?? null)),
      NETDEBUG_HELP: JSON.stringify(JSON.stringify(help)),
      NETDEBUG_COMPLETION: JSON.stringify(writeTable(await makeCompletionTable())),
    },
    plugins: [filesAsText, withoutGeneratedApi, withoutUndici, versionOnly, parserOnly],
    logLevel: 'warning',
    metafile: true,
  });
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of await packModules(built))
    writeFileSync(join(folder, `${name}.cjs`), text);
  return built.metafile;
}
