// Fills krew/template.yaml from the archives in dist/release, as dist/release/netdebug.yaml (which krew
// takes: a manifest is named like its plugin) and as plugin.yaml. krew-manifest.ts [REPOSITORY]
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import packageJson from '../package.json' with { type: 'json' };
import { krewManifest } from './packaging/krewManifest.ts';

const root = join(import.meta.dirname, '..');
const release = join(root, 'dist', 'release');

const manifest = krewManifest(readFileSync(join(root, 'krew', 'template.yaml'), 'utf8'), {
  version: `v${packageJson.version}`,
  repository: process.argv[2] ?? packageJson.repository.url.replace(/^git\+|\.git$/g, ''),
  notice: `Made by scripts/krew-manifest.ts for the archives of v${packageJson.version}.`,
  // Of the archive itself: a sum in a file beside it could be of another one.
  sumOf: (archive) =>
    createHash('sha256')
      .update(readFileSync(join(release, archive)))
      .digest('hex'),
});
writeFileSync(join(release, 'netdebug.yaml'), manifest);
writeFileSync(join(root, 'plugin.yaml'), manifest);
