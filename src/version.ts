import packageJson from '../package.json' with { type: 'json' };
import { build } from './build.ts';

export function versionText(): string {
  return `kubectl-netdebug ${packageJson.version}`;
}

/** kubectl's names for processors and systems, where Node uses other names. */
const GO_NAMES: Readonly<Record<string, string>> = { x64: 'amd64', win32: 'windows' };

/** The output of `version -o json`, in the format of kubectl's own `version --client`. */
export interface VersionInfo {
  readonly clientVersion: {
    readonly gitVersion: string;
    readonly gitCommit?: string;
    readonly gitTreeState?: string;
    readonly buildDate?: string;
    readonly nodeVersion: string;
    readonly platform: string;
  };
}

export function versionInfo(): VersionInfo {
  const { platform, arch } = process;
  return {
    clientVersion: {
      gitVersion: `v${packageJson.version}`,
      ...(build && {
        gitCommit: build.commit,
        gitTreeState: build.treeState,
        buildDate: build.date,
      }),
      nodeVersion: process.version,
      platform: `${GO_NAMES[platform] ?? platform}/${GO_NAMES[arch] ?? arch}`,
    },
  };
}
