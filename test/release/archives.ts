import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import packageJson from '../../package.json' with { type: 'json' };
import { PLATFORMS, type Platform, programName } from '../../scripts/packaging/platforms.ts';

export const root = join(import.meta.dirname, '..', '..');
const release = join(root, 'dist', 'release');

/** The archive of a platform in dist/release. */
export interface Archive {
  readonly platform: Platform;
  readonly name: string;
  readonly path: string;
  /** The file that users run. */
  readonly program: string;
}

/**
 * The archives that scripts/build has created. A normal test run creates only the one for linux/amd64, and reports
 * that.
 */
export function builtArchives(): Archive[] {
  const all = PLATFORMS.map((platform) => {
    const format = platform.os === 'windows' ? 'zip' : 'tar.gz';
    const name = `kubectl-netdebug_v${packageJson.version}_${platform.os}_${platform.arch}.${format}`;
    return { platform, name, path: join(release, name), program: programName(platform) };
  });
  const missing = all.filter(({ path }) => !existsSync(path));
  for (const { name } of missing) console.log(`not built, so not tested: ${name}`);
  return all.filter((archive) => !missing.includes(archive));
}

export function sha256Of({ path }: Archive): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
