import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { dump, load } from 'js-yaml';
import { inject, onTestFinished } from 'vitest';
import type { ListenerName } from '../../faults/proxy.ts';
import { type Running, run, type StartOptions, start } from './process.ts';

/** The properties of the suite's cluster. setup.ts determines them once. */
export interface World {
  /** The local API server (test/cluster), the real one of test/kubernetes, or the one of E2E_KUBECONFIG. */
  readonly kind: 'local' | 'kubernetes' | 'given';
  readonly kubeconfig: string;
  /** The administrator's kubeconfig with a token or a certificate, for requests of the suite itself. */
  readonly ownKubeconfig: string;
  /** Kubeconfigs of users with fewer rights, by name. */
  readonly users: Readonly<Record<string, string>>;
  /** Kubeconfigs of the administrator that use a faulty proxy (test/faults). */
  readonly faulty: Readonly<Record<ListenerName, string>>;
  readonly kubectl: string;
  readonly namespace: string;
  readonly nodes: readonly [string, string];
  /** Whether pods also have IPv6 addresses. */
  readonly hasIpv6: boolean;
  /** Debugger images. Their names can be part of a pod's name. */
  readonly flavours: readonly Flavour[];
  /** Images in which debuggers do not work, if the cluster has them. */
  readonly oddImages?: {
    readonly noShell: string;
    readonly noTools: string;
    readonly noSs: string;
  };
  readonly appImage: string;
  /** Whether admission can be made to refuse debuggers: with policies, or in the local cluster with an annotation. */
  readonly canDeny: boolean;
  /** Folders for manifests of static pods, by node, if the suite can write to a node. */
  readonly staticPodFolders?: Readonly<Record<string, string>>;
  /** A label on every object outside the suite's namespace. Objects with it are removed after the run. */
  readonly label: Readonly<Record<string, string>>;
  /** A folder for the test's own files. */
  readonly folder: string;
}

export interface Flavour {
  readonly name: string;
  readonly image: string;
}

declare module 'vitest' {
  export interface ProvidedContext {
    world: World;
  }
}

export const world = inject('world');

const root = join(import.meta.dirname, '..', '..', '..');

/**
 * netdebug and the words before its arguments: the result of `npm run build`, or the value of E2E_PROGRAM, such as
 * "kubectl netdebug" (scripts/test-binary).
 */
export const PROGRAM: readonly [program: string, ...words: string[]] = programFrom(
  process.env.E2E_PROGRAM,
);

function programFrom(words: string | undefined): [string, ...string[]] {
  const [program, ...rest] = words?.split(' ') ?? [];
  return program ? [program, ...rest] : [join(root, 'dist', 'kubectl-netdebug')];
}

/** The file of netdebug. For a plugin, it is the file that kubectl finds. */
export function programFile(): string {
  const [program, ...words] = PROGRAM;
  if (words.length === 0) return program;
  const folders = process.env.PATH?.split(delimiter) ?? [];
  const file = folders.map((folder) => join(folder, 'kubectl-netdebug')).find(existsSync);
  if (file === undefined) throw new Error(`no kubectl-netdebug on PATH for ${PROGRAM.join(' ')}`);
  return file;
}

/** Registers a function to call at the end of a test. Concurrent tests have separate ones. */
export type AtEnd = (done: () => void) => void;

/** Starts netdebug on the suite's cluster. It is killed at the end of the test. */
export function netdebug(
  args: readonly string[],
  options: StartOptions & { onTestFinished?: AtEnd } = {},
): Running {
  const [program, ...words] = PROGRAM;
  const running = start(program, [...words, ...args], {
    ...options,
    env: { KUBECONFIG: namespaced(world.kubeconfig), ...options.env },
  });
  (options.onTestFinished ?? onTestFinished)(() => {
    running.child.kill('SIGKILL');
  });
  return running;
}

/** Runs kubectl in the suite's namespace. Fails with its error message unless it succeeds. */
export async function kubectl(args: readonly string[], stdin = ''): Promise<string> {
  const result = await run(world.kubectl, ['-n', world.namespace, ...args], {
    stdin,
    env: { KUBECONFIG: world.kubeconfig },
  });
  if (result.code !== 0)
    throw new Error(`kubectl ${args.join(' ')}: ${result.code}\n${result.stderr}${result.stdout}`);
  return result.stdout;
}

/** A copy of another kubeconfig with the suite's namespace, and changes to its cluster entry. */
export function namespaced(
  kubeconfig: string,
  change: (cluster: Record<string, unknown>) => void = () => {},
): string {
  const config = load(readFileSync(kubeconfig, 'utf8')) as {
    'current-context': string;
    contexts: { name: string; context: Record<string, unknown> }[];
    clusters: { name: string; cluster: Record<string, unknown> }[];
  };
  const context = config.contexts.find(({ name }) => name === config['current-context'])?.context;
  const cluster = config.clusters.find(({ name }) => name === context?.cluster)?.cluster;
  if (!context || !cluster) throw new Error(`${kubeconfig} has no current context`);
  context.namespace = world.namespace;
  change(cluster);
  files += 1;
  const path = join(world.folder, `kubeconfig-${process.pid}-${files}`);
  writeFileSync(path, dump(config), { mode: 0o600 });
  return path;
}

let files = 0;

/** The path of a file in the folder of this test process that does not exist yet. */
export function freshPath(name: string): string {
  files += 1;
  return join(world.folder, `${process.pid}-${files}-${name}`);
}
