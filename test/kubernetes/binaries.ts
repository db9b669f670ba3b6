import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const run = promisify(execFile);
const sources = join(import.meta.dirname, 'binaries');

/** What is built for a version of Kubernetes: a program that contains all its parts, and CoreDNS. */
const PACKAGES = ['.', './coredns'] as const;
/** Links to that program. Each runs the part with its name. */
const PARTS = [
  ...['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'],
  ...['kubelet', 'kube-proxy', 'kubectl'],
];
/** The oldest Go version that go.mod supports. */
const GO = { major: 1, minor: 26 };

/** The module file for each minor version in the variable KUBERNETES. The first is the default. */
const MODULE_FILES: Readonly<Record<string, string>> = { '1.36': 'go.mod', '1.34': 'go-1.34.mod' };
/** Includes containerd as a tool, for every version: containerd is only built with the newest interface to kubelets. */
const CONTAINERD_MODULES = 'go.mod';

/** The binaries of a cluster, built or not. */
export interface Binaries {
  /** Version of Kubernetes with a leading v. */
  readonly version: string;
  /** File with the versions of all modules, in the folder of the sources. */
  readonly moduleFile: string;
  /** Where they are or will be. The name contains the version and a digest of all sources. */
  readonly folder: string;
  readonly areBuilt: boolean;
}

/** Finds the binaries in the cache: $XDG_CACHE_HOME/kubectl-netdebug, else below ~/.cache. */
export async function findBinaries(): Promise<Binaries> {
  const minor = process.env.KUBERNETES || Object.keys(MODULE_FILES)[0];
  const moduleFile = MODULE_FILES[minor ?? ''];
  if (moduleFile === undefined)
    throw new Error(`KUBERNETES is one of ${Object.keys(MODULE_FILES).join(', ')}, not ${minor}`);
  const digest = createHash('sha256');
  const files = await readdir(sources, { recursive: true });
  const included = [moduleFile, CONTAINERD_MODULES].flatMap((file) => [
    file,
    file.replace('.mod', '.sum'),
  ]);
  for (const name of files.filter((file) => file.endsWith('.go') || included.includes(file)).sort())
    digest.update(`${name}\n`).update(await readFile(join(sources, name)));
  const version = await versionOf(moduleFile, 'k8s.io/kubernetes');
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const name = `${version}-${digest.digest('hex').slice(0, 12)}`;
  const folder = join(cache, 'kubectl-netdebug', 'kubernetes', name);
  const areBuilt = await access(folder).then(
    () => true,
    () => false,
  );
  return { version, moduleFile, folder, areBuilt };
}

/** Why they cannot be built here. Undefined if they can. */
export async function whyNoBuild(): Promise<string | undefined> {
  const requirement = `Go ${GO.major}.${GO.minor} or newer`;
  const env = { ...process.env, GOTOOLCHAIN: 'local' };
  const output = await run('go', ['env', 'GOVERSION'], { env }).catch(() => undefined);
  if (!output) return `there is no go on PATH (${requirement} builds it)`;
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(output.stdout) ?? [];
  const isEnough = Number(major) === GO.major && Number(minor) >= GO.minor;
  return isEnough ? undefined : `it needs ${requirement}, and this is ${output.stdout.trim()}`;
}

/** Builds them into the cache, at the lowest priority. `onProgress` receives a line every few seconds. */
export async function buildBinaries(
  { version, moduleFile, folder }: Binaries,
  onProgress: (line: string) => void,
): Promise<void> {
  const modules = `-modfile=${moduleFile}`;
  const cache = join(folder, '..');
  await mkdir(cache, { recursive: true });
  const unfinished = await mkdtemp(join(cache, 'unfinished-'));
  try {
    onProgress(`building Kubernetes ${version}: 5 to 15 minutes on two processors, once`);
    for (const option of [modules, `-modfile=${CONTAINERD_MODULES}`])
      await go(['mod', 'download', option], () => {});
    onProgress('the modules are downloaded and verified');
    const builds = [
      { modules, packages: PACKAGES },
      { modules: `-modfile=${CONTAINERD_MODULES}`, packages: ['tool'] },
    ];
    const lists = await Promise.all(builds.map(goList));
    const total = lists.flat().length;
    const startTime = Date.now();
    let compiled = 0;
    const tell = () => {
      const seconds = Math.round((Date.now() - startTime) / 1000);
      onProgress(`${compiled} of at most ${total} packages compiled after ${seconds} s`);
    };
    const timer = setInterval(tell, 10_000);
    const links = ['-ldflags', await linkerFlags(version)];
    const flags = ['-v', '-trimpath', '-buildvcs=false', ...links];
    const tags = ['-tags', 'no_btrfs,no_devmapper,no_zfs'];
    try {
      for (const build of builds)
        await go(
          ['build', build.modules, ...flags, ...tags, '-o', `${unfinished}/`, ...build.packages],
          () => {
            compiled += 1;
          },
        );
    } finally {
      clearInterval(timer);
    }
    tell();
    for (const part of PARTS) await symlink('kubernetes', join(unfinished, part));
    // Another process that was faster has built the same binaries.
    await rename(unfinished, folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

async function goList({
  modules,
  packages,
}: {
  readonly modules: string;
  readonly packages: readonly string[];
}): Promise<string[]> {
  const { stdout } = await run('go', ['list', modules, '-deps', ...packages], {
    cwd: sources,
    env: goEnvironment(),
    maxBuffer: 16 << 20,
  });
  return stdout.trim().split('\n');
}

/** Runs go. Fails with the end of its output, without the lines that contain only package names. */
async function go(words: readonly string[], onLine: (line: string) => void): Promise<void> {
  const child = spawn('nice', ['-n', '19', 'go', ...words], {
    cwd: sources,
    env: goEnvironment(),
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  const last: string[] = [];
  const lines = createInterface(child.stderr);
  lines.on('line', (line) => {
    onLine(line);
    if (!line.includes(' ')) return;
    last.push(line);
    if (last.length > 30) last.shift();
  });
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`go ${words[0]} failed:\n${last.join('\n')}`);
}

function goEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, CGO_ENABLED: '0', GOTOOLCHAIN: 'local', GOWORK: 'off' };
}

/** No symbols, and the same version strings as in releases. */
async function linkerFlags(version: string): Promise<string> {
  const [, major, minor] = /^v(\d+)\.(\d+)/.exec(version) ?? [];
  const containerd = await versionOf(CONTAINERD_MODULES, 'github.com/containerd/containerd/v2');
  const variables = {
    'k8s.io/component-base/version.gitVersion': version,
    'k8s.io/component-base/version.gitMajor': major,
    'k8s.io/component-base/version.gitMinor': minor,
    'k8s.io/component-base/version.gitTreeState': 'clean',
    'github.com/containerd/containerd/v2/version.Version': containerd,
  };
  return ['-s -w', ...Object.entries(variables).map(([name, text]) => `-X ${name}=${text}`)].join(
    ' ',
  );
}

/** The version of a module that a module file requires. */
async function versionOf(moduleFile: string, module: string): Promise<string> {
  const text = await readFile(join(sources, moduleFile), 'utf8');
  const found = text.split('\n').find((line) => line.trim().startsWith(`${module} v`));
  if (!found) throw new Error(`${moduleFile} does not require ${module}`);
  return found.trim().split(' ')[1] ?? '';
}
