import { nonEmptyText } from '../jsonObject.ts';
import { candidatesText } from '../nearest.ts';
import { Problem } from '../problem.ts';
import { overrideCluster, overrideUser } from './flagOverrides.ts';
import { isInCluster, podNamespace, serviceAccountEntries } from './inCluster.ts';
import type { ClusterEntry, ConnectionFlags, UserEntry } from './kubeconfigEntries.ts';
import { type Kubeconfig, type ReadOptions, readKubeconfig } from './kubeconfigFiles.ts';
import { validateCluster, validateUser } from './kubeconfigValidation.ts';

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

interface EntryNames {
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
  connectionFlags: ConnectionFlags,
  env: NodeJS.ProcessEnv = process.env,
  options: ReadOptions = {},
): ChosenContext {
  const flags = withoutEmpty(connectionFlags);
  const config = readKubeconfig(flags.kubeconfig, env, options);
  const name = flags.context ?? config.currentContext ?? '';
  const context = config.contexts.get(name)?.entry;
  const names = {
    context: name,
    cluster: flags.cluster ?? nonEmptyText(context?.cluster) ?? '',
    user: flags.user ?? nonEmptyText(context?.user) ?? '',
  };
  const clusterEntry = config.clusters.get(names.cluster)?.entry as
    | Partial<ClusterEntry>
    | undefined;
  const userEntry = config.users.get(names.user);
  const inPod = isInCluster(env);
  const fromPod =
    inPod && !clusterEntry?.server && !flags.server ? serviceAccountEntries(env) : undefined;
  const cluster = overrideCluster(fromPod?.cluster ?? withDefaultServer(clusterEntry, env), flags);
  const user = overrideUser(
    fromPod?.user ?? (userEntry?.entry as UserEntry | undefined) ?? {},
    flags,
  );

  const validate = () => [
    ...(name !== '' && !context ? [`context was not found for specified context: ${name}`] : []),
    ...validateUser(names.user, user),
    ...(flags.cluster !== undefined && !clusterEntry
      ? [`no server found for cluster "${flags.cluster}"`]
      : validateCluster(names.cluster, cluster)),
  ];
  // kubectl checks in this order: the namespace, the server, and then the credentials.
  if (flags.namespace === undefined) throwIfInvalid(validate(), name, config);
  if (flags.user !== undefined && !userEntry)
    throw new Problem(`auth info "${flags.user}" does not exist`, {
      kind: 'not-found',
      next: suggestions('users', flags.user, config.users),
    });
  if (flags.context !== undefined && !context)
    throw new Problem(`context "${flags.context}" does not exist`, {
      kind: 'not-found',
      next: suggestions('contexts', flags.context, config.contexts),
    });
  if (flags.cluster !== undefined && !clusterEntry)
    throw new Problem(`cluster "${flags.cluster}" does not exist`, {
      kind: 'not-found',
      next: suggestions('clusters', flags.cluster, config.clusters),
    });
  throwIfInvalid(validate(), name, config);

  const namespace = flags.namespace ?? nonEmptyText(context?.namespace);
  return {
    cluster,
    user,
    namespace: namespace ?? (inPod ? podNamespace(env) : 'default'),
    ...(userEntry && !fromPod && { origin: { name: names.user, file: userEntry.file } }),
    warnings: fromPod
      ? []
      : warningsOf(names, config, clusterEntry?.server ?? flags.server, cluster),
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

function throwIfInvalid(errors: readonly string[], context: string, config: Kubeconfig): void {
  const [first] = errors;
  if (first === undefined) return;
  const next = first.startsWith('context was')
    ? suggestions('contexts', context, config.contexts)
    : [];
  if (errors.length > 1)
    throw new Problem(
      ['Error in configuration: ', ...errors.map((error) => `* ${error}`)].join('\n'),
      { kind: 'configuration', next },
    );
  throw new Problem(next.length > 0 ? `Error in configuration: ${first}` : first, {
    kind: 'configuration',
    next,
  });
}

function suggestions(what: string, name: string, entries: ReadonlyMap<string, unknown>): string[] {
  return [candidatesText(`${what} in this kubeconfig`, name, entries.keys())];
}

/** Warnings that kubectl does not print, but that explain why its fallback fails. */
function warningsOf(
  names: EntryNames,
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
    warnings.push(
      `${why}: trying ${cluster.server} (choose a cluster with --kubeconfig, KUBECONFIG or --context)`,
    );
  }
  if (names.user !== '' && !config.users.has(names.user))
    warnings.push(
      `the user "${names.user}" is not in ${config.files.join(', ')}: continuing without credentials`,
    );
  return warnings;
}
