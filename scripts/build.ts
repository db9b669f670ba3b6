// Makes dist/: the program as one bundle, a code cache for it, and a launcher that finds Node.
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { shellText } from './shellText.ts';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');

const shellAsText: Plugin = {
  name: 'shell-as-text',
  setup({ onLoad }) {
    onLoad({ filter: /\.sh$/ }, ({ path }) => ({
      contents: shellText(readFileSync(path, 'utf8')),
      loader: 'text',
    }));
  },
};

/** client-node's generated API (2 MB) is only used by calls that we do not make. */
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

/** Help is ASCII; the width of emoji takes regular expressions that compile 30 ms at every start. */
const lengthAsWidth: Plugin = {
  name: 'length-as-width',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]string-width[\\/]index\.js$/ }, () => ({
      contents: 'export default (text) => text.length;',
      loader: 'js',
    }));
  },
};

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);
await build({
  entryPoints: [join(root, 'src/main.ts')],
  outfile: join(dist, 'netdebug.cjs'),
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'cjs',
  minify: true,
  legalComments: 'none',
  define: { 'import.meta.url': 'importMetaUrl' },
  banner: { js: 'const importMetaUrl=require("node:url").pathToFileURL(__filename).href;' },
  plugins: [shellAsText, withoutGeneratedApi, lengthAsWidth],
  // ws looks for optional native helpers; its own JavaScript does without.
  external: ['bufferutil', 'utf-8-validate'],
  logLevel: 'warning',
});
for (const file of ['boot.cjs', 'bundleScript.cjs', 'kubectl-netdebug'])
  copyFileSync(join(root, 'scripts', 'launcher', file), join(dist, file));
chmodSync(join(dist, 'kubectl-netdebug'), 0o755);
execFileSync(process.execPath, [join(root, 'scripts', 'launcher', 'makeCodeCache.cjs'), dist], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
