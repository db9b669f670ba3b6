import type { KubeApi } from '../../kube/api.ts';
import { ApiError } from '../../kube/apiError.ts';
import { listAll } from '../../kube/listAll.ts';
import type { Notice } from '../../notice.ts';
import type { LearnedRange, RangeUse } from '../model/learnedRange.ts';
import type { Unknown } from '../model/unknown.ts';
import {
  azureRanges,
  calicoBlockRanges,
  calicoPoolRanges,
  ciliumNodeRanges,
  ciliumPoolRanges,
  ciliumRanges,
  controlPlaneRanges,
  flannelRanges,
  k3sRanges,
  kubeadmRanges,
  kubeProxyRanges,
  openShiftRanges,
  refusedServiceRanges,
  serviceCidrRanges,
} from './rangeRecords.ts';

export interface RangesOptions {
  /** The namespace of the dry run. */
  readonly namespace: string;
  readonly signal: AbortSignal;
  /** Called when a dry run is made. */
  readonly onNote: (notice: Notice) => void;
}

/** An object or list that contains ranges. */
interface Source {
  /** The name shown to users who may not read it. */
  readonly name: string;
  readonly path: string;
  /** For a list: the label selector. */
  readonly label?: string;
  readonly isList?: true;
  readonly uses: readonly RangeUse[];
  readonly read: (raw: never) => LearnedRange[];
}

const SYSTEM = '/api/v1/namespaces/kube-system';
const CALICO = '/apis/crd.projectcalico.org/v1';
const BOTH = ['pods', 'services'] as const;

const SOURCES: readonly Source[] = [
  {
    name: 'pods of the control plane',
    path: `${SYSTEM}/pods`,
    label: 'tier=control-plane',
    isList: true,
    uses: BOTH,
    read: controlPlaneRanges,
  },
  {
    name: 'nodes',
    path: '/api/v1/nodes',
    label: 'node-role.kubernetes.io/control-plane',
    isList: true,
    uses: BOTH,
    read: k3sRanges,
  },
  configMap('kubeadm-config', BOTH, kubeadmRanges),
  configMap('kube-proxy', ['pods'], kubeProxyRanges),
  configMap('cilium-config', ['pods'], ciliumRanges),
  configMap('kube-flannel-cfg', ['pods'], flannelRanges, 'kube-flannel'),
  configMap('kube-flannel-cfg', ['pods'], flannelRanges),
  listSource('IPPools', `${CALICO}/ippools`, 'pods', calicoPoolRanges),
  listSource('BlockAffinities', `${CALICO}/blockaffinities`, 'pods', calicoBlockRanges),
  listSource('CiliumNodes', '/apis/cilium.io/v2/ciliumnodes', 'pods', ciliumNodeRanges),
  // Which version is served depends on the version of Cilium.
  listSource('CiliumPodIPPools', '/apis/cilium.io/v2/ciliumpodippools', 'pods', ciliumPoolRanges),
  listSource(
    'CiliumPodIPPools',
    '/apis/cilium.io/v2alpha1/ciliumpodippools',
    'pods',
    ciliumPoolRanges,
  ),
  listSource(
    'NodeNetworkConfigs',
    '/apis/acn.azure.com/v1alpha/nodenetworkconfigs',
    'pods',
    azureRanges,
  ),
  {
    name: 'network.config.openshift.io',
    path: '/apis/config.openshift.io/v1/networks/cluster',
    uses: BOTH,
    read: openShiftRanges,
  },
  listSource(
    'ServiceCIDRs',
    '/apis/networking.k8s.io/v1/servicecidrs',
    'services',
    serviceCidrRanges,
  ),
];

function configMap(
  name: string,
  uses: readonly RangeUse[],
  read: Source['read'],
  namespace = 'kube-system',
): Source {
  const path = `/api/v1/namespaces/${namespace}/configmaps/${name}`;
  return { name: `ConfigMap ${namespace}/${name}`, path, uses, read };
}

function listSource(name: string, path: string, use: RangeUse, read: Source['read']): Source {
  return { name, path, isList: true, uses: [use], read };
}

/**
 * Reads the ranges of pods and services from every known place that the user may read. A range is unknown only if
 * no readable source has it.
 */
export async function readRanges(
  api: KubeApi,
  options: RangesOptions,
): Promise<{ ranges: LearnedRange[]; unknown: Unknown[] }> {
  const { signal } = options;
  const refused: { readonly name: string; readonly uses: readonly RangeUse[] }[] = [];
  const groups = await groupsOf(api, signal);
  const results = await Promise.all(
    SOURCES.filter(({ path }) => isServed(path, groups)).map(async (source) => {
      try {
        return await readSource(api, source, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof ApiError)) throw error;
        if (error.code !== 404) refused.push(source);
        return [];
      }
    }),
  );
  const ranges = results.flat();
  const isKnown = (use: RangeUse) => ranges.some((range) => range.use === use && !range.node);
  if (!isKnown('services')) {
    const { ranges: more, isRefused } = await dryRuns(api, options);
    ranges.push(...more);
    if (isRefused) refused.push({ name: 'creating Services (dry run)', uses: ['services'] });
  }
  const unknown = BOTH.filter((use) => !isKnown(use)).map((use) => {
    const names = refused.filter(({ uses }) => uses.includes(use)).map(({ name }) => name);
    return {
      what: `range of ${use}`,
      why:
        names.length === 0
          ? 'not found in anything that could be read'
          : `not allowed: ${[...new Set(names)].join(', ')}`,
      needs: `one of these permissions, or ${use === 'pods' ? '--cluster-cidr' : '--service-cidr'}`,
    };
  });
  return {
    ranges,
    unknown: unknown.map(({ needs, ...entry }) =>
      entry.why.startsWith('not allowed') ? { ...entry, needs } : entry,
    ),
  };
}

async function readSource(
  api: KubeApi,
  { path, label, isList, read }: Source,
  signal: AbortSignal,
): Promise<LearnedRange[]> {
  if (!isList) return read(await api.get<never>(path, { signal }));
  const query = label === undefined ? {} : { labelSelector: label };
  return (await listAll<never>(api, path, query, signal)).flatMap(read);
}

/** The names of the API groups; undefined if the user may not read them. */
async function groupsOf(
  api: KubeApi,
  signal: AbortSignal,
): Promise<ReadonlySet<string> | undefined> {
  try {
    const { groups = [] } = await api.get<{
      readonly groups?: readonly { readonly name: string }[];
    }>('/apis', { signal });
    return new Set(groups.map(({ name }) => name));
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ApiError)) throw error;
    return undefined;
  }
}

function isServed(path: string, groups: ReadonlySet<string> | undefined): boolean {
  const [, root, group = ''] = path.split('/');
  return root === 'api' || groups === undefined || groups.has(group);
}

/** Addresses that no cluster uses for services: reserved (RFC 1112) and for documentation (RFC 3849). */
const OUTSIDE_ADDRESSES = ['240.0.0.1', '2001:db8:ffff::1'];

/**
 * Makes the API server validate, but not create, a Service with an address outside the service range. The error
 * names the range.
 */
async function dryRuns(
  api: KubeApi,
  { namespace, signal, onNote }: RangesOptions,
): Promise<{ ranges: LearnedRange[]; isRefused: boolean }> {
  onNote({
    kind: 'dry-run',
    text: 'looking up the range of services with a dry run (dryRun=All), which creates nothing',
  });
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/services`;
  let isRefused = false;
  const results = OUTSIDE_ADDRESSES.map(async (clusterIP) => {
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'netdebug-dry-run' },
      spec: { clusterIP, ports: [{ port: 80 }] },
    };
    try {
      await api.post(path, service, { query: { dryRun: 'All' }, signal });
      return [];
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ApiError)) throw error;
      if (error.code === 422) return refusedServiceRanges(error.serverMessage);
      isRefused = true;
      return [];
    }
  });
  return { ranges: (await Promise.all(results)).flat(), isRefused };
}
