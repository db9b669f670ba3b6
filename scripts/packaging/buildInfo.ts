import { execFileSync } from 'node:child_process';

/** What a build records about its source. `version -o json` prints it. */
export interface BuildInfo {
  readonly commit: string;
  readonly treeState: 'clean' | 'dirty';
  /** In Go's format, in seconds. */
  readonly date: string;
}

/**
 * Reads it from git. The date is SOURCE_DATE_EPOCH if set (reproducible-builds.org), else the date of the commit, so
 * that the same source gives the same build. Undefined outside a clone.
 */
export function buildInfo(root: string): BuildInfo | undefined {
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    const [commit = '', seconds = ''] = git('log', '-1', '--format=%H %ct').trim().split(' ');
    const epoch = Number(process.env.SOURCE_DATE_EPOCH || seconds);
    return {
      commit,
      treeState: git('status', '--porcelain').trim() === '' ? 'clean' : 'dirty',
      date: new Date(epoch * 1000).toISOString().replace('.000Z', 'Z'),
    };
  } catch {
    return undefined;
  }
}
