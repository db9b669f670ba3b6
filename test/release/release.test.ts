import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { runnerFor } from '../../scripts/packaging/emulator.ts';
import { krewManifest } from '../../scripts/packaging/krewManifest.ts';
import { checkSignature } from '../../scripts/packaging/machOSignature.ts';
import { platformName } from '../../scripts/packaging/platforms.ts';
import { type KrewManifest, systemsOf } from '../unit/packaging/krewRules.ts';
import { builtArchives, root, sha256Of } from './archives.ts';
import { installAsKrew } from './krewInstall.ts';
import { has, output } from './programs.ts';

/** The maximum size in bytes for the download of a command line tool. */
const LARGEST = 40e6;

const archives = builtArchives();
const version = `v${packageJson.version}`;
const manifest = load(
  krewManifest(readFileSync(join(root, 'krew', 'template.yaml'), 'utf8'), {
    version,
    repository: 'https://example.org/netdebug',
    notice: 'Made by a test.',
    sumOf: (name) => {
      const archive = archives.find((each) => each.name === name);
      return archive ? sha256Of(archive) : '0'.repeat(64);
    },
  }),
) as KrewManifest;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'netdebug-release-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

it('has at least one archive to test: scripts/build creates them', () => {
  expect(archives).not.toEqual([]);
});

describe.each(archives)('$name', (archive) => {
  const { platform, path, program } = archive;
  const krewRoot = () => join(folder, platformName(platform));
  let link = '';

  beforeAll(() => {
    const system = `${platform.os}/${platform.arch}`;
    const entry = manifest.spec?.platforms?.find((each) => systemsOf(each).includes(system));
    link = installAsKrew(krewRoot(), { name: 'netdebug', version }, entry ?? {}, path);
  });

  it('installs as with krew, with its licences', () => {
    const store = join(krewRoot(), 'store', 'netdebug', version);
    const notices = readFileSync(join(store, 'THIRD-PARTY-NOTICES'), 'utf8');
    expect(readFileSync(join(store, 'LICENSE'))).toEqual(readFileSync(join(root, 'LICENSE')));
    for (const name of ['js-yaml', 'tar-stream', '@kubernetes/client-node'])
      expect(notices).toContain(`${name} ${packageJson.dependencies[name as 'tar-stream']}`);
    // The bundle contains only the parser of yargs.
    expect(notices).toMatch(/^yargs-parser \d+/m);
    expect(notices).not.toMatch(/^yargs \d+/m);
    expect(notices).toMatch(/Node\.js\n\nNode\.js is licensed.*OpenSSL/s);
    expect(notices).not.toMatch(/^esbuild /m);
    expect(link).toMatch(program);
  });

  it('has a checksum file beside it, in the format of sha256sum', () => {
    const lines = readFileSync(`${path}.sha256`, 'utf8');
    expect(lines).toBe(`${sha256Of(archive)}  ${archive.name}\n`);
  });

  it('has a bill of materials beside it', () => {
    const bom = JSON.parse(readFileSync(`${path}.cdx.json`, 'utf8'));
    expect(bom).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6' });
    expect(bom.metadata.component).toMatchObject({ name: 'kubectl-netdebug' });
    const named = bom.components.map((each: { purl?: string }) => each.purl);
    expect(named).toContain(`pkg:npm/tar-stream@${packageJson.dependencies['tar-stream']}`);
    expect(named).toContain(`pkg:generic/node@${platform.node.version}`);
  });

  it('is within the size limit', () => {
    expect(readFileSync(path).length).toBeLessThan(LARGEST);
  });

  const runner = runnerFor(platform);
  if (!runner) console.log(`${archive.name} was not run: it needs ${platform.os}/${platform.arch}`);
  it.runIf(runner)('runs, with its code cache', () => {
    const [first = link, ...rest] = [...(runner ?? []), link, 'version', '-o', 'json'];
    const message = output('sh', ['-c', '"$@" 2>&1', 'sh', first, ...rest], {
      NODE_DEBUG: 'netdebug',
    });
    expect(message).toMatch(/code cache: taken/);
    expect(message).toContain(`"platform": "${platform.os}/${platform.arch}"`);
  });

  it.runIf(platform.os === 'linux' && has('readelf'))('is an ELF file without symbols', () => {
    const sections = output('readelf', ['-SW', link]);
    expect(sections).toContain('.text');
    expect(sections).not.toMatch(/\.symtab|\.debug|\.strtab/);
  });

  it.runIf(platform.os === 'darwin')('has an ad-hoc signature for every page', () => {
    const check = checkSignature(readFileSync(link));
    expect(check).toMatchObject({ identifier: 'kubectl-netdebug', wrongPages: 0 });
    expect(check.pages * 4096).toBeGreaterThan(100e6);
  });

  it.runIf(platform.os === 'darwin' && has('llvm-objdump'))('is valid according to LLVM', () => {
    const headers = output('llvm-objdump', ['--macho', '--private-headers', link]);
    expect(headers).toContain('__NODE_SEA');
    expect(headers).toContain('LC_CODE_SIGNATURE');
    const imports = output('llvm-objdump', ['--macho', '--indirect-symbols', link]);
    expect(imports).toMatch(/ _pthread_create$/m);
  });

  it.runIf(platform.os === 'darwin' && has('llvm-objcopy'))('is signed as LLVM signs', () => {
    // LLVM signs its copies again, including the signature that the build reserved space for.
    const copy = join(folder, `${platformName(platform)}-copy`);
    output('llvm-objcopy', [link, copy]);
    expect(checkSignature(readFileSync(copy))).toMatchObject({ wrongPages: 0 });
  });

  it.runIf(platform.os === 'windows')(
    'has the program’s name and version in its properties',
    () => {
      const file = readFileSync(link);
      const has = (text: string) => file.includes(Buffer.from(text, 'utf16le'));
      expect(has(`kubectl-netdebug.exe`)).toBe(true);
      expect(has('Node.js JavaScript Runtime')).toBe(false);
      // The data that pkg adds is found by this name.
      expect(has('NODE_SEA_BLOB')).toBe(true);
    },
  );

  it.runIf(platform.os === 'windows' && has('osslsigncode'))(
    'has no invalid signature or checksum',
    () => {
      const message = output('sh', ['-c', 'osslsigncode verify "$1" 2>&1; true', 'sh', link]);
      expect(message).toMatch(/No signature found/);
      expect(message).not.toMatch(/invalid PE checksum/);
    },
  );

  it.runIf(platformName(platform) === 'linux-amd64')('is `kubectl netdebug` on PATH', () => {
    const kubectl = output(join(root, 'scripts', 'kubectl'), []).trim();
    const env = { PATH: join(krewRoot(), 'bin') };
    expect(output(kubectl, ['netdebug', '--version'], env)).toBe(
      `kubectl-netdebug ${packageJson.version}\n`,
    );
  });

  it.runIf(platformName(platform) === 'linux-amd64' && has('kubectl-krew'))(
    'installs through krew itself',
    () => {
      const env = { ...process.env, KREW_ROOT: join(folder, 'krew') };
      const files = ['--manifest', join(root, 'dist', 'release', 'netdebug.yaml')];
      output('kubectl-krew', ['install', ...files, '--archive', path], env);
      output(join(folder, 'krew', 'bin', 'kubectl-netdebug'), ['--version']);
    },
  );
});
