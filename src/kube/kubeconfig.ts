import { nonEmptyText } from '../jsonObject.ts';
import { candidatesText } from '../nearest.ts';
import { Problem } from '../problem.ts';
import { overrideCluster, overrideUser } from './flagOverrides.ts';
import { isInCluster, podNamespace, serviceAccount } from './inCluster.ts';
import type { ClusterEntry, ConnectionFlags, UserEntry } from './kubeconfigEntries.ts';
import { clusterFaults, userFaults } from './kubeconfigFaults.ts';
import { type Kubeconfig, type ReadOptions, readKubeconfig } from './kubeconfigFiles.ts';

/** Where a user's entry is stored. Renewed credentials are saved there. */
export interface UserOrigin {
  readonly name: string;
  readonly file: string;
}

/** The result of the kubeconfig and the flags. */
export interface ChosenContext {
  readonly cluster: ClusterEntry;
  readonly user: UserEntry;
  readonly namespace: string;
  readonly origin?: UserOrigin;
  /** Warnings about requested settings that do not exist, where kubectl continues without them. */
  readonly warnings: readonly string[];
}

interface Names {
  readonly context: string;
  readonly cluster: string;
  readonly user: string;
}

/**
 * Reads the kubeconfig files (--kubeconfig, else KUBECONFIG's list, else ~/.kube/config), chooses the context and
 * applies the flags, all as kubectl does. Without any of these, uses a pod's service account, else
 * http://localhost:8080. Throws a Problem with kubectl's wording.
 */
export function chooseContext(
  given: ConnectionFlags,
  env: NodeJS.ProcessEnv = process.env,
  options: ReadOptions = {},
): ChosenContext {
  const flags = withoutEmpty(given);
  const config = readKubeconfig(flags.kubeconfig, env, options);
  const name = flags.context ?? config.currentContext ?? '';
  const context = config.contexts.get(name)?.entry;
  const names = {
    context: name,
    cluster: flags.cluster ?? nonEmptyText(context?.cluster) ?? '',
    user: flags.user ?? nonEmptyText(context?.user) ?? '',
  };
  const known = config.clusters.get(names.cluster)?.entry as Partial<ClusterEntry> | undefined;
  const account = config.users.get(names.user);
  const inPod = isInCluster(env);
  const fromPod = inPod && !known?.server && !flags.server ? serviceAccount(env) : undefined;
  const cluster = overrideCluster(fromPod?.cluster ?? withDefaultServer(known, env), flags);
  const user = overrideUser(
    fromPod?.user ?? (account?.entry as UserEntry | undefined) ?? {},
    flags,
  );

  const faults = () => [
    ...(name !== '' && !context ? [`context was not found for specified context: ${name}`] : []),
    ...userFaults(names.user, user),
    ...(flags.cluster !== undefined && !known
      ? [`no server found for cluster "${flags.cluster}"`]
      : clusterFaults(names.cluster, cluster)),
  ];
  // kubectl checks in this order: the namespace, the server, and then the credentials.
  if (flags.namespace === undefined) refuse(faults(), name, config);
  if (flags.user !== undefined && !account)
    throw new Problem(`auth info "${flags.user}" does not exist`, {
      kind: 'not-found',
      next: existing('users', flags.user, config.users),
    });
  if (flags.context !== undefined && !context)
    throw new Problem(`context "${flags.context}" does not exist`, {
      kind: 'not-found',
      next: existing('contexts', flags.context, config.contexts),
    });
  if (flags.cluster !== undefined && !known)
    throw new Problem(`cluster "${flags.cluster}" does not exist`, {
      kind: 'not-found',
      next: existing('clusters', flags.cluster, config.clusters),
    });
  refuse(faults(), name, config);

  const namespace = flags.namespace ?? nonEmptyText(context?.namespace);
  return {
    cluster,
    user,
    namespace: namespace ?? (inPod ? podNamespace(env) : 'default'),
    ...(account && !fromPod && { origin: { name: names.user, file: account.file } }),
    warnings: fromPod ? [] : warningsOf(names, config, known?.server ?? flags.server, cluster),
  };
}

function withoutEmpty(flags: ConnectionFlags): ConnectionFlags {
  return Object.fromEntries(
    Object.entries(flags).filter(([, value]) => value !== undefined && value !== ''),
  );
}

/** kubectl's last resort, from the time when API servers had a port without TLS. */
function withDefaultServer(
  entry: Partial<ClusterEntry> | undefined,
  env: NodeJS.ProcessEnv,
): ClusterEntry {
  return {
    ...entry,
    server: entry?.server || env.KUBERNETES_MASTER || 'http://localhost:8080',
  };
}

function refuse(faults: readonly string[], context: string, config: Kubeconfig): void {
  const [first] = faults;
  if (first === undefined) return;
  const next = first.startsWith('context was')
    ? existing('contexts', context, config.contexts)
    : [];
  if (faults.length > 1)
    throw new Problem(
      ['Error in configuration: ', ...faults.map((fault) => `* ${fault}`)].join('\n'),
      { kind: 'configuration', next },
    );
  throw new Problem(next.length > 0 ? `Error in configuration: ${first}` : first, {
    kind: 'configuration',
    next,
  });
}

function existing(what: string, wanted: string, entries: ReadonlyMap<string, unknown>): string[] {
  return [candidatesText(`${what} in this kubeconfig`, wanted, entries.keys())];
}

/** Warnings that kubectl does not print, but that explain why its fallback fails. */
function warningsOf(
  names: Names,
  config: Kubeconfig,
  server: string | undefined,
  cluster: ClusterEntry,
): string[] {
  const warnings: string[] = [];
  if (!server) {
    const why =
      names.cluster === ''
        ? `${config.files.join(', ')} does not select a cluster`
        : `the cluster "${names.cluster}" is not in ${config.files.join(', ')}`;
    warnings.push(`${why}: trying ${cluster.server}`);
  }
  if (names.user !== '' && !config.users.has(names.user))
    warnings.push(
      `the user "${names.user}" is not in ${config.files.join(', ')}: continuing without credentials`,
    );
  return warnings;
}
