// Creates the release archives in dist/release, for all platforms or for the named ones. See scripts/build.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import packageJson from '../../package.json' with { type: 'json' };
import { packed } from './archive.ts';
import { billOfMaterials } from './billOfMaterials.ts';
import { makeBinary } from './binary.ts';
import { buildInfo } from './buildInfo.ts';
import { bundleProgram } from './bundle.ts';
import { runnerFor } from './emulator.ts';
import { nodeFiles } from './nodeBinary.ts';
import { thirdPartyNotices } from './notices.ts';
import { generatorFor, PLATFORMS, type Platform, platformName, programName } from './platforms.ts';

const root = join(import.meta.dirname, '..', '..');
const release = join(root, 'dist', 'release');

const names = PLATFORMS.map(platformName);
const requested = process.argv.slice(2);
const unknown = requested.find((name) => !names.includes(name));
if (unknown !== undefined) {
  console.error(`build: unknown platform "${unknown}": ${names.join(', ')}; all without one`);
  process.exit(2);
}
if (process.platform !== 'linux' || process.arch !== 'x64') {
  console.error('build: binaries are made on Linux on x64, for every platform');
  process.exit(1);
}
const time = new Date(buildInfo(root)?.date ?? 0);
const work = mkdtempSync(join(tmpdir(), 'netdebug-build-'));
try {
  const bundle = join(work, 'program');
  const metafile = await bundleProgram(bundle);
  mkdirSync(release, { recursive: true });
  // One at a time, because pkg takes more than a gigabyte of memory.
  for (const platform of PLATFORMS)
    if (requested.length === 0 || requested.includes(platformName(platform)))
      await makeArchive(platform, bundle, metafile);
} finally {
  rmSync(work, { recursive: true });
}

async function makeArchive(
  platform: Platform,
  bundle: string,
  metafile: Parameters<typeof thirdPartyNotices>[0],
): Promise<void> {
  const startTime = performance.now();
  const program = programName(platform);
  const binary = join(root, 'dist', 'bin', platformName(platform), program);
  await makeBinary(platform, bundle, binary, work);
  const { license } = nodeFiles(generatorFor(platform.node.version));
  const format = platform.os === 'windows' ? 'zip' : 'tar.gz';
  const text = (name: string, content: Buffer) => ({ name, content, executable: false });
  const archive = await packed(
    format,
    [
      { name: program, content: readFileSync(binary), executable: true },
      text('LICENSE', readFileSync(join(root, 'LICENSE'))),
      text('THIRD-PARTY-NOTICES', Buffer.from(thirdPartyNotices(metafile, license))),
    ],
    time,
  );
  const name = `kubectl-netdebug_v${packageJson.version}_${platform.os}_${platform.arch}.${format}`;
  const sum = createHash('sha256').update(archive).digest('hex');
  writeFileSync(join(release, name), archive);
  writeFileSync(join(release, `${name}.sha256`), `${sum}  ${name}\n`);
  const { name: product, version, license: ours } = packageJson;
  const bom = billOfMaterials({ name: product, version, license: ours, time }, metafile, platform);
  writeFileSync(join(release, `${name}.cdx.json`), bom);
  const seconds = ((performance.now() - startTime) / 1000).toFixed(1);
  const cache = runnerFor(platform) ? '' : ', no code cache';
  console.log(`${name}  ${(archive.length / 1e6).toFixed(1)} MB  ${seconds} s${cache}`);
}
