import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import packageJson from '../../package.json' with { type: 'json' };
import { makeCodeCaches, V8_FLAGS } from './codeCache.ts';
import { withoutElfSymbols } from './elfSymbols.ts';
import { runnerFor } from './emulator.ts';
import { withEnglishOnly } from './icuData.ts';
import { signedAdHoc } from './machOSignature.ts';
import { withoutMachOSymbols } from './machOSymbols.ts';
import { nodeFiles } from './nodeBinary.ts';
import { PACK_NAMES } from './packs.ts';
import { withPeChecksum } from './peChecksum.ts';
import { withoutPeSignature } from './peSignature.ts';
import { withPeVersion } from './peVersion.ts';
import { generatorFor, type Platform, platformName } from './platforms.ts';

const root = join(import.meta.dirname, '..', '..');

/**
 * When its TLS module is loaded, Node parses its copy of Mozilla's certificates in a thread, unless OpenSSL's store is
 * the default. The program never uses a default: it passes the certificates that kubectl trusts. NODE_USE_SYSTEM_CA
 * would contradict that, and end Node with an error.
 */
const NODE_FLAGS = ['--use-openssl-ca', '--no-use-system-ca'];

/** How to shrink a Node binary before the program is added, and how to finish it afterwards. */
const FORMATS: Record<
  Platform['os'],
  { before(file: Buffer): Buffer; after(file: Buffer): Buffer }
> = {
  linux: { before: withoutElfSymbols, after: (file) => file },
  darwin: {
    before: withoutMachOSymbols,
    after: (file) => signedAdHoc(file, 'kubectl-netdebug'),
  },
  windows: {
    before: (file) =>
      withPeVersion(withoutPeSignature(file), {
        version: packageJson.version,
        name: packageJson.name,
        description: 'kubectl netdebug',
        file: 'kubectl-netdebug.exe',
      }),
    after: withPeChecksum,
  },
};

const PKG_NAMES: Readonly<Record<string, string>> = {
  amd64: 'x64',
  darwin: 'macos',
  windows: 'win',
};

/**
 * Builds the single-file binary of a platform from the program in `bundle`. `work` is a folder for intermediate files.
 */
export async function makeBinary(
  platform: Platform,
  bundle: string,
  output: string,
  work: string,
): Promise<void> {
  const caches = join(work, platformName(platform));
  mkdirSync(caches);
  const withCaches = cachesAreMade(platform, bundle, caches);
  const assets: Record<string, string> = {};
  for (const pack of PACK_NAMES) {
    assets[`${pack}.cjs`] = join(bundle, `${pack}.cjs`);
    if (withCaches) assets[`${pack}.cache`] = join(caches, `${pack}.cache`);
  }

  const main = join(work, 'main.cjs');
  await build({
    entryPoints: [join(root, 'scripts', 'launcher', 'binaryMain.cjs')],
    outfile: main,
    bundle: true,
    minify: true,
    platform: 'node',
    logLevel: 'warning',
  });
  const home = join(work, `home-${platformName(platform)}`);
  seedNodes(platform, home);
  mkdirSync(dirname(output), { recursive: true });
  const target = {
    nodeRange: `node${platform.node.version}`,
    platform: PKG_NAMES[platform.os] ?? platform.os,
    arch: PKG_NAMES[platform.arch] ?? platform.arch,
  };
  // Runs in its own process: the injection takes a gigabyte, which is freed before the next one.
  execFileSync(
    process.execPath,
    [
      join(import.meta.dirname, 'injectWithPkg.cjs'),
      JSON.stringify({ main, assets, execArgv: [...V8_FLAGS, ...NODE_FLAGS], output, target }),
    ],
    { env: { ...process.env, HOME: home, TMPDIR: work }, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  writeFileSync(output, FORMATS[platform.os].after(readFileSync(output)), { mode: 0o755 });
  rmSync(home, { recursive: true });
}

/**
 * Creates the code caches if the platform's own Node runs on this machine, because V8 rejects caches of another system
 * or processor. Otherwise runs the same Node version for this machine, to check that the bundle works with it.
 */
function cachesAreMade(platform: Platform, bundle: string, caches: string): boolean {
  const runner = runnerFor(platform);
  const node = runner ? platform.node : generatorFor(platform.node.version);
  makeCodeCaches([...(runner ?? []), nodeFiles(node).program], bundle, caches);
  return runner !== undefined;
}

/** Puts the Node binaries where pkg stores its verified downloads. */
function seedNodes(platform: Platform, home: string): void {
  const cache = join(home, '.pkg-cache', 'sea');
  mkdirSync(cache, { recursive: true });
  const seed = (os: string, arch: string, version: string, put: (path: string) => void) => {
    const name = join(cache, `node-v${version}-${os}-${arch}`);
    const path = os === 'win' ? `${name}.exe` : join(name, 'bin', 'node');
    mkdirSync(dirname(path), { recursive: true });
    put(path);
    // Empty files beside it mark the archive and the program as complete.
    const archive = `${name}.${os === 'win' ? 'zip' : 'tar.gz'}`;
    for (const mark of [archive, `${archive}.ok`, `${path}.ok`]) writeFileSync(mark, '');
  };
  const { name, version } = generatorFor(platform.node.version);
  const arch = PKG_NAMES[platform.arch] ?? platform.arch;
  if (platform.node.name !== name)
    seed('linux', 'x64', version, (path) =>
      symlinkSync(nodeFiles(generatorFor(version)).program, path),
    );
  seed(platform.os === 'windows' ? 'win' : platform.os, arch, version, (path) => {
    const stripped = FORMATS[platform.os].before(readFileSync(nodeFiles(platform.node).program));
    writeFileSync(path, withEnglishOnly(stripped), { mode: 0o755 });
  });
}
