import type { KubeApi } from '../../kube/api.ts';
import { chooseContext } from '../../kube/kubeconfig.ts';
import type { ConnectionFlags } from '../../kube/kubeconfigEntries.ts';
import { readKubeconfig } from '../../kube/kubeconfigFiles.ts';
import { listNames } from '../../kube/nameList.ts';
import { type Pod, podPath, podsPath } from '../../kube/pod.ts';
import { CONNECTION_FLAGS } from '../flags/connection.ts';
import type { Flag } from '../flags/flag.ts';
import type { Candidate } from './answer.ts';
import type { Sources } from './complete.ts';
import type { TypedWords } from './typedWords.ts';

/** More pods than this would take too long. */
const MAX_PODS = '1000';

/** Kinds of targets as written before a slash, with their paths. */
const KIND_PATHS: Readonly<Record<string, (namespace: string) => string>> = {
  pod: podsPath,
  deploy: (namespace) => `/apis/apps/v1/namespaces/${namespace}/deployments`,
  sts: (namespace) => `/apis/apps/v1/namespaces/${namespace}/statefulsets`,
  ds: (namespace) => `/apis/apps/v1/namespaces/${namespace}/daemonsets`,
  job: (namespace) => `/apis/batch/v1/namespaces/${namespace}/jobs`,
  svc: (namespace) => `/api/v1/namespaces/${namespace}/services`,
  node: () => '/api/v1/nodes',
};

/**
 * Queries the kubeconfig, and the cluster that the typed flags choose, until the signal is aborted. Failures give no
 * candidates: nobody wants to read errors while typing.
 */
export function clusterSources(signal: AbortSignal): Sources {
  return {
    kubeconfig: async (kind, words) =>
      emptyIfFailed(async () => {
        const config = readKubeconfig(words.flags.get('kubeconfig'), process.env, {
          quick: true,
        });
        return [...config[kind].keys()].map((value) => ({ value }));
      }),
    namespaces: async (words) =>
      queryCluster(words, async (api) => queryNames(api, '/api/v1/namespaces')),
    targets: async (words, typed) =>
      queryCluster(words, async (api, namespace) => queryTargets(api, namespace, typed)),
    containers: async (words) =>
      queryPod(words, ({ spec }) =>
        spec.containers.map(({ name, image }) => createCandidate(name, image)),
      ),
    volumes: async (words) =>
      queryPod(words, ({ spec }) =>
        (spec.volumes ?? []).map(({ name, ...kinds }) =>
          createCandidate(name, Object.keys(kinds)[0]),
        ),
      ),
    captures: async (words) => queryCluster(words, queryCaptures),
  };

  /** Connects and queries. A late answer counts as empty. */
  async function queryCluster(
    words: TypedWords,
    ask: (api: KubeApi, namespace: string) => Promise<Candidate[]>,
  ): Promise<Candidate[]> {
    return emptyIfFailed(async () => {
      // Loaded here because names in the kubeconfig need no connection.
      const { KubeApi } = await import('../../kube/api.ts');
      const { authenticate } = await import('../../kube/authentication.ts');
      const chosen = chooseContext(connectionFlags(words), process.env, { quick: true });
      const api = new KubeApi(await authenticate(chosen));
      // A credential plugin cannot be stopped with a signal.
      const timeout = new Promise<never>((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
      // The process exits after the answer, so closing the connection first would only take time.
      return Promise.race([ask(api, encodeURIComponent(chosen.namespace)), timeout]);
    });
  }

  async function queryNames(api: KubeApi, path: string): Promise<Candidate[]> {
    return (await listNames(api, path, signal)).map(({ name, status }) =>
      createCandidate(name, status),
    );
  }

  /**
   * Pods of a namespace and kinds, or the names of a kind. A word before the slash that is not a kind is a namespace.
   */
  async function queryTargets(
    api: KubeApi,
    namespace: string,
    typed: string,
  ): Promise<Candidate[]> {
    const slash = typed.indexOf('/');
    const first = typed.slice(0, Math.max(slash, 0));
    const path = KIND_PATHS[first];
    const withPrefix = (candidates: readonly Candidate[]) =>
      candidates.map(({ value, ...rest }) => ({ value: `${first}/${value}`, ...rest }));
    if (path) return withPrefix(await queryNames(api, path(namespace)));
    if (slash >= 0)
      return withPrefix(await queryTargets(api, encodeURIComponent(first), typed.slice(slash + 1)));
    const kinds = Object.keys(KIND_PATHS).map((kind) => ({ value: `${kind}/` }));
    return [...(await queryNames(api, podsPath(namespace))), ...kinds];
  }

  async function queryCaptures(api: KubeApi, namespace: string): Promise<Candidate[]> {
    const { capturesOf } = await import('../../capture/detached/captures.ts');
    const { items } = await api.get<{ items: Pod[] }>(podsPath(namespace), {
      query: { limit: MAX_PODS },
      signal,
    });
    const names = items
      .flatMap((pod) => capturesOf(pod))
      .filter(({ state }) => state.kind !== 'removed');
    return names.map(({ name, pod, state }) => {
      const isAmbiguous = names.filter((other) => other.name === name).length > 1;
      const value = isAmbiguous ? `${pod.metadata.name}/${name}` : name;
      return { value, description: `${state.kind}, pod ${pod.metadata.name}` };
    });
  }

  /** Containers or volumes of the pod that is already named. */
  async function queryPod(
    words: TypedWords,
    what: (pod: Pod) => Candidate[],
  ): Promise<Candidate[]> {
    const pod = /^(?:(?:pods?|po)\/)?([^/]+)$/.exec(words.positionals[0] ?? '')?.[1];
    if (pod === undefined) return [];
    return queryCluster(words, async (api, namespace) =>
      what(await api.get<Pod>(podPath(namespace, pod), { signal })),
    );
  }
}

async function emptyIfFailed(ask: () => Promise<Candidate[]>): Promise<Candidate[]> {
  try {
    return await ask();
  } catch {
    return [];
  }
}

function createCandidate(value: string, description: unknown): Candidate {
  return { value, ...(typeof description === 'string' && { description }) };
}

/** The connection for the flags typed so far. */
function connectionFlags({ flags }: TypedWords): ConnectionFlags {
  const given: Record<string, unknown> = {};
  for (const [name, flag] of Object.entries<Flag>(CONNECTION_FLAGS)) {
    const value = flags.get(name);
    if (value === undefined || name === 'request-timeout') continue;
    if (!flag.value) given[name] = value !== 'false';
    else given[name] = flag.repeatable ? [value] : value;
  }
  return given;
}
