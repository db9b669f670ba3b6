// Fills krew/template.yaml from the archives in dist/release. Writes it to dist/release/netdebug.yaml, because krew
// requires a manifest to have the name of its plugin, and to plugin.yaml. Usage: krew-manifest.ts [REPOSITORY]
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
  // Calculated from the archive itself, because a checksum file beside it could belong to another archive.
  sumOf: (archive) =>
    createHash('sha256')
      .update(readFileSync(join(release, archive)))
      .digest('hex'),
});
writeFileSync(join(release, 'netdebug.yaml'), manifest);
writeFileSync(join(root, 'plugin.yaml'), manifest);
