import type { KubeApi } from '../../kube/api.ts';
import { isApiError } from '../../kube/apiError.ts';
import { listAll } from '../../kube/listAll.ts';
import type { Pod } from '../../kube/pod.ts';
import { messageOf } from '../../problem.ts';
import type {
  ApiObjects,
  EndpointSliceObject,
  NetworkPolicyObject,
  NodeObject,
  OtherPolicy,
  PodObject,
  ServiceObject,
} from '../model/apiObjects.ts';
import type { Unknown } from '../model/unknown.ts';
import {
  endpointSliceObject,
  networkPolicyObject,
  nodeObject,
  podObject,
  type RawNode,
  type RawPolicy,
  type RawService,
  type RawSlice,
  serviceObject,
} from './objectRecords.ts';

export interface ObjectsRequest {
  /** The namespace whose pods are read if the user may not list pods of all namespaces. */
  readonly namespace: string;
  /** Read only the pods of these nodes; absent for all nodes. */
  readonly nodes?: readonly string[];
  /** Whether to read services and their endpoints. */
  readonly services: boolean;
  /** Whether to leave out the endpoints. */
  readonly withoutEndpoints?: boolean;
  /** Whether to read network policies, including those that are custom resources. */
  readonly policies: boolean;
}

/**
 * Reads the network-related objects that the user may read. Users who may not list the pods of all namespaces get
 * those of one. What could not be read is in `unknown`.
 */
export async function readObjects(
  api: KubeApi,
  request: ObjectsRequest,
  signal?: AbortSignal,
): Promise<{ objects: ApiObjects; unknown: Unknown[] }> {
  const unknown: Unknown[] = [];
  const read = async <Raw, Read>(
    what: string,
    path: string,
    convert: (raw: Raw) => Read,
    query: Record<string, string> = {},
  ): Promise<Read[] | undefined> => {
    try {
      return (await listAll<Raw>(api, path, query, signal)).map(convert);
    } catch (error) {
      signal?.throwIfAborted();
      unknown.push({ what, why: messageOf(error), ...needs(error, what) });
      return undefined;
    }
  };
  const core = '/api/v1';
  const { services, policies } = request;
  const [nodes, pods, serviceList, slices, policyList, otherPolicies] = await Promise.all([
    read<RawNode, NodeObject>('nodes', `${core}/nodes`, nodeObject),
    readPods(api, request, unknown, signal),
    services
      ? read<RawService, ServiceObject>('services', `${core}/services`, serviceObject)
      : undefined,
    services && request.withoutEndpoints !== true
      ? read<RawSlice, EndpointSliceObject>(
          'endpoint slices',
          '/apis/discovery.k8s.io/v1/endpointslices',
          endpointSliceObject,
        )
      : undefined,
    policies
      ? read<RawPolicy, NetworkPolicyObject>(
          'network policies',
          '/apis/networking.k8s.io/v1/networkpolicies',
          networkPolicyObject,
        )
      : undefined,
    policies ? readOtherPolicies(api, unknown, signal) : undefined,
  ]);
  return {
    objects: {
      ...(nodes && { nodes }),
      ...(pods && { pods }),
      ...(serviceList && { services: serviceList }),
      ...(slices && { endpointSlices: slices }),
      ...(policyList && { networkPolicies: policyList }),
      ...(otherPolicies && { otherPolicies }),
    },
    unknown,
  };
}

function needs(error: unknown, what: string): { needs?: string } {
  if (!isApiError(error, 403)) return {};
  return { needs: `permission to list ${what} in all namespaces` };
}

async function readPods(
  api: KubeApi,
  { nodes, namespace }: ObjectsRequest,
  unknown: Unknown[],
  signal: AbortSignal | undefined,
): Promise<PodObject[] | undefined> {
  const lists = nodes?.length === 1 ? [{ fieldSelector: `spec.nodeName=${nodes[0]}` }] : [{}];
  const list = async (path: string) =>
    (await Promise.all(lists.map((query) => listAll<Pod>(api, path, query, signal)))).flat();
  try {
    return (await list('/api/v1/pods')).map(podObject);
  } catch (error) {
    signal?.throwIfAborted();
    unknown.push({
      what: 'pods of other namespaces',
      why: messageOf(error),
      ...needs(error, 'pods'),
    });
  }
  try {
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`;
    return (await list(path)).map(podObject);
  } catch (error) {
    signal?.throwIfAborted();
    unknown.push({ what: `pods of namespace ${namespace}`, why: messageOf(error) });
    return undefined;
  }
}

/**
 * Kinds of policies other than NetworkPolicy. https://docs.cilium.io, https://docs.tigera.io,
 * https://ovn-kubernetes.io
 */
const OTHER_POLICIES = [
  ['cilium.io', 'v2', 'ciliumnetworkpolicies'],
  ['cilium.io', 'v2', 'ciliumclusterwidenetworkpolicies'],
  ['crd.projectcalico.org', 'v1', 'networkpolicies'],
  ['crd.projectcalico.org', 'v1', 'globalnetworkpolicies'],
  ['k8s.ovn.org', 'v1', 'egressfirewalls'],
  ['policy.networking.k8s.io', 'v1alpha1', 'adminnetworkpolicies'],
  ['policy.networking.k8s.io', 'v1alpha1', 'baselineadminnetworkpolicies'],
  ['crd.antrea.io', 'v1beta1', 'networkpolicies'],
  ['crd.antrea.io', 'v1beta1', 'clusternetworkpolicies'],
] as const;

interface Named {
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

async function readOtherPolicies(
  api: KubeApi,
  unknown: Unknown[],
  signal: AbortSignal | undefined,
): Promise<OtherPolicy[]> {
  let groups: Set<string>;
  try {
    const groupList = await api.get<{ groups?: readonly { readonly name: string }[] }>('/apis', {
      ...(signal && { signal }),
    });
    groups = new Set((groupList.groups ?? []).map(({ name }) => name));
  } catch (error) {
    signal?.throwIfAborted();
    unknown.push({ what: 'policies of network plugins', why: messageOf(error) });
    return [];
  }
  const lists = OTHER_POLICIES.filter(([group]) => groups.has(group)).map(
    async ([group, version, resource]): Promise<OtherPolicy[]> => {
      try {
        const items = await listAll<Named>(
          api,
          `/apis/${group}/${version}/${resource}`,
          {},
          signal,
        );
        return items.map(({ metadata: { name, namespace } }) => ({
          resource: `${resource}.${group}`,
          name,
          ...(namespace !== undefined && { namespace }),
        }));
      } catch (error) {
        signal?.throwIfAborted();
        // An API group may exist without this resource.
        if (isApiError(error, 404)) return [];
        unknown.push({ what: `${resource}.${group}`, why: messageOf(error) });
        return [];
      }
    },
  );
  return (await Promise.all(lists)).flat();
}
