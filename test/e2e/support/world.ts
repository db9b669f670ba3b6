import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { dump, load } from 'js-yaml';
import { inject, onTestFinished } from 'vitest';
import type { Way } from '../../faults/proxy.ts';
import { type Running, run, type StartOptions, start } from './process.ts';

/** What the suite knows of its cluster; made once by setup.ts. */
export interface World {
  /** Our own API server (test/cluster), the real one of test/kubernetes, or the one that E2E_KUBECONFIG names. */
  readonly kind: 'local' | 'kubernetes' | 'given';
  readonly kubeconfig: string;
  /** The administrator's with a token or a certificate, for requests of the suite itself. */
  readonly ownKubeconfig: string;
  /** Kubeconfigs of users with fewer rights, by name. */
  readonly users: Readonly<Record<string, string>>;
  /** Kubeconfigs of the administrator that lead through a proxy that misbehaves (test/faults). */
  readonly faulty: Readonly<Record<Way, string>>;
  readonly kubectl: string;
  readonly namespace: string;
  readonly nodes: readonly [string, string];
  /** Whether pods have IPv6 addresses, too. */
  readonly hasIpv6: boolean;
  /** Debugger images; their names can be part of a pod's name. */
  readonly flavours: readonly Flavour[];
  /** Images that debuggers do not work in, where the cluster has them. */
  readonly oddImages?: {
    readonly noShell: string;
    readonly noTools: string;
    readonly noSs: string;
  };
  readonly appImage: string;
  /** Whether admission can be made to refuse debuggers: by policies, or in the local cluster by an annotation. */
  readonly canDeny: boolean;
  /** Folders for manifests of static pods, by node, where the suite can write to a node. */
  readonly staticPodFolders?: Readonly<Record<string, string>>;
  /** Label of every object outside the suite's namespace: what has it is removed after the run. */
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
 * Our program and the words before its arguments: what `npm run build` made, or what E2E_PROGRAM
 * says, such as "kubectl netdebug" (scripts/test-binary).
 */
export const PROGRAM: readonly [program: string, ...words: string[]] = programFrom(
  process.env.E2E_PROGRAM,
);

function programFrom(words: string | undefined): [string, ...string[]] {
  const [program, ...rest] = words?.split(' ') ?? [];
  return program ? [program, ...rest] : [join(root, 'dist', 'kubectl-netdebug')];
}

/** The file of our program; as a plugin it is the one that kubectl finds. */
export function programFile(): string {
  const [program, ...words] = PROGRAM;
  if (words.length === 0) return program;
  const folders = process.env.PATH?.split(delimiter) ?? [];
  const file = folders.map((folder) => join(folder, 'kubectl-netdebug')).find(existsSync);
  if (file === undefined) throw new Error(`no kubectl-netdebug on PATH for ${PROGRAM.join(' ')}`);
  return file;
}

/** Registers what is done at the end of a test; concurrent tests have one of their own each. */
export type AtEnd = (done: () => void) => void;

/** Starts our program on the suite's cluster; it is killed at the end of the test. */
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

/** Runs kubectl in the suite's namespace; fails with its words unless it succeeds. */
export async function kubectl(args: readonly string[], stdin = ''): Promise<string> {
  const result = await run(world.kubectl, ['-n', world.namespace, ...args], {
    stdin,
    env: { KUBECONFIG: world.kubeconfig },
  });
  if (result.code !== 0)
    throw new Error(`kubectl ${args.join(' ')}: ${result.code}\n${result.stderr}${result.stdout}`);
  return result.stdout;
}

/** A kubeconfig like another one, with the suite's namespace, and changes to its cluster entry. */
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

/** The path of a file of this test process that does not exist yet. */
export function freshPath(name: string): string {
  files += 1;
  return join(world.folder, `${process.pid}-${files}-${name}`);
}
