import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve, sep } from 'node:path';
import { loadAll } from 'js-yaml';
import { errorCode, messageOf, Problem } from '../problem.ts';

/** The connection flags of kubectl that choose the server, the user and the namespace. */
export interface ConnectionFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly cluster?: string;
  readonly user?: string;
  readonly namespace?: string;
}

/** One cluster entry of a kubeconfig; file names are absolute. */
export interface ClusterEntry {
  readonly server: string;
  readonly 'certificate-authority'?: string;
  readonly 'certificate-authority-data'?: string;
  readonly 'insecure-skip-tls-verify'?: boolean;
  readonly 'tls-server-name'?: string;
  readonly 'proxy-url'?: string;
}

/** One user entry of a kubeconfig; file names are absolute. */
export interface UserEntry {
  readonly 'client-certificate'?: string;
  readonly 'client-certificate-data'?: string;
  readonly 'client-key'?: string;
  readonly 'client-key-data'?: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly username?: string;
  readonly password?: string;
  readonly as?: string;
  readonly 'as-groups'?: readonly string[];
  readonly 'as-uid'?: string;
  readonly 'as-user-extra'?: Readonly<Record<string, readonly string[]>>;
  readonly exec?: Readonly<Record<string, unknown>>;
  readonly 'auth-provider'?: Readonly<Record<string, unknown>>;
}

/** What a kubeconfig says once a context is chosen. */
export interface ChosenContext {
  readonly cluster: ClusterEntry;
  readonly user: UserEntry;
  readonly namespace: string;
}

interface Kubeconfig {
  currentContext?: string;
  readonly clusters: Map<string, Entry>;
  readonly users: Map<string, Entry>;
  readonly contexts: Map<string, Entry>;
}

type Entry = Readonly<Record<string, unknown>>;

const FILE_FIELDS = ['certificate-authority', 'client-certificate', 'client-key', 'tokenFile'];
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * Reads the kubeconfig files as kubectl does (--kubeconfig, else KUBECONFIG's list, else
 * ~/.kube/config, else the pod's service account) and chooses the context.
 * Throws a Problem worded as kubectl words it.
 */
export function chooseContext(
  flags: ConnectionFlags,
  env: NodeJS.ProcessEnv = process.env,
): ChosenContext {
  const config = readKubeconfig(flags, env);
  const contextName = flags.context ?? config.currentContext;
  const context = contextName === undefined ? undefined : config.contexts.get(contextName);
  if (contextName !== undefined && !context)
    throw new Problem(`context "${contextName}" does not exist`, {
      next: [`contexts in this kubeconfig: ${[...config.contexts.keys()].join(', ') || 'none'}`],
    });

  const clusterName = flags.cluster ?? text(context?.cluster);
  const cluster = clusterName === undefined ? undefined : config.clusters.get(clusterName);
  if (clusterName !== undefined && !cluster)
    throw new Problem(`cluster "${clusterName}" does not exist`);
  const userName = flags.user ?? text(context?.user);
  const user = userName === undefined ? undefined : config.users.get(userName);
  if (userName && !user) throw new Problem(`auth info "${userName}" does not exist`);

  const namespace = flags.namespace ?? text(context?.namespace);
  if (cluster && typeof cluster.server === 'string')
    return {
      cluster: cluster as unknown as ClusterEntry,
      user: (user ?? {}) as UserEntry,
      namespace: namespace ?? 'default',
    };
  const inCluster = serviceAccount(env);
  if (inCluster) return namespace === undefined ? inCluster : { ...inCluster, namespace };
  throw new Problem('no configuration for a cluster was found', {
    next: [
      'name a kubeconfig file with --kubeconfig or the KUBECONFIG variable',
      'kubectl config get-contexts   shows what kubectl itself finds',
    ],
  });
}

function readKubeconfig(flags: ConnectionFlags, env: NodeJS.ProcessEnv): Kubeconfig {
  const merged: Kubeconfig = { clusters: new Map(), users: new Map(), contexts: new Map() };
  for (const { path, required } of kubeconfigPaths(flags, env)) {
    const document = readDocument(path, required);
    if (!document) continue;
    const current = text(document['current-context']);
    if (merged.currentContext === undefined && current) merged.currentContext = current;
    collect(merged.clusters, document.clusters, 'cluster', path);
    collect(merged.users, document.users, 'user', path);
    collect(merged.contexts, document.contexts, 'context', path);
  }
  return merged;
}

function kubeconfigPaths(flags: ConnectionFlags, env: NodeJS.ProcessEnv) {
  if (flags.kubeconfig) return [{ path: flags.kubeconfig, required: true }];
  if (env.KUBECONFIG)
    return env.KUBECONFIG.split(delimiter)
      .filter((path) => path !== '')
      .map((path) => ({ path, required: false }));
  return [{ path: join(homedir(), '.kube', 'config'), required: false }];
}

function readDocument(path: string, required: boolean): Entry | undefined {
  let source: string;
  try {
    source = readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT' && !required) return undefined;
    const reason = errorCode(error) === 'ENOENT' ? 'no such file or directory' : messageOf(error);
    throw new Problem(`stat ${path}: ${reason}`, { cause: error });
  }
  try {
    // As kubectl: an empty file is one that says nothing, and only the first document counts.
    const [document] = loadAll(source);
    return isEntry(document) ? document : undefined;
  } catch (error) {
    throw new Problem(`error loading config file "${path}": ${messageOf(error)}`, { cause: error });
  }
}

/** The first entry of a name wins, as in kubectl; relative file names are relative to their file. */
function collect(into: Map<string, Entry>, list: unknown, field: string, path: string): void {
  if (!Array.isArray(list)) return;
  for (const item of list) {
    if (!isEntry(item) || typeof item.name !== 'string' || into.has(item.name)) continue;
    const entry = isEntry(item[field]) ? { ...item[field] } : {};
    for (const name of FILE_FIELDS) {
      const file = entry[name];
      if (typeof file === 'string' && file !== '') entry[name] = resolve(dirname(path), file);
    }
    if (isEntry(entry.exec)) entry.exec = besideFile(entry.exec, path);
    into.set(item.name, entry);
  }
}

/** A credential plugin with a folder in its name is relative to the file; any other is on PATH. */
function besideFile(plugin: Entry, path: string): Entry {
  const { command } = plugin;
  return typeof command === 'string' && command.includes(sep)
    ? { ...plugin, command: resolve(dirname(path), command) }
    : plugin;
}

/** The pod's own service account; the files are those every pod gets. */
function serviceAccount(env: NodeJS.ProcessEnv): ChosenContext | undefined {
  const host = env.KUBERNETES_SERVICE_HOST;
  if (!host) return undefined;
  try {
    return {
      cluster: {
        server: `https://${host.includes(':') ? `[${host}]` : host}:${env.KUBERNETES_SERVICE_PORT ?? '443'}`,
        'certificate-authority': join(SERVICE_ACCOUNT, 'ca.crt'),
      },
      user: { tokenFile: join(SERVICE_ACCOUNT, 'token') },
      namespace: readFileSync(join(SERVICE_ACCOUNT, 'namespace'), 'utf8').trim(),
    };
  } catch {
    return undefined;
  }
}

function isEntry(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
