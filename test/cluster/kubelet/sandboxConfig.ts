import type { PodSandboxConfig } from '../nodes/criMessages.ts';
import type { Pod } from './pod.ts';
import type { PodFolder } from './podFolder.ts';
import { namespacesOf, seccompProfile } from './securityContext.ts';

/** The labels that tools on a node use to find a pod's containers. */
export function podLabels({ metadata }: Pod): Record<string, string> {
  return {
    'io.kubernetes.pod.name': metadata.name,
    'io.kubernetes.pod.namespace': metadata.namespace,
    'io.kubernetes.pod.uid': metadata.uid,
  };
}

/** The runtime's configuration for a pod's sandbox below that control group. */
export function sandboxConfig(
  pod: Pod,
  folder: PodFolder,
  cgroup: string,
  attempt: number,
): PodSandboxConfig {
  const { metadata, spec } = pod;
  const { namespace, name, uid } = metadata;
  const sysctls = (spec.securityContext?.sysctls ?? []).map((sysctl) => [
    sysctl.name,
    sysctl.value,
  ]);
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  return {
    metadata: { name, uid, namespace, attempt },
    hostname: spec.hostNetwork ? '' : (spec.hostname ?? name),
    logDirectory: folder.logs,
    ...(spec.hostNetwork || spec.dnsPolicy === 'Default'
      ? {}
      : { dnsConfig: clusterDns(namespace) }),
    labels: { ...metadata.labels, ...podLabels(pod) },
    annotations: { ...metadata.annotations },
    linux: {
      cgroupParent: `${cgroup}/kubepods/${qosFolder(pod)}pod${uid}`,
      sysctls: Object.fromEntries(sysctls),
      securityContext: {
        namespaceOptions: namespacesOf(pod),
        privileged: containers.some(({ securityContext }) => securityContext?.privileged),
        seccomp: seccompProfile(spec.securityContext?.seccompProfile),
      },
    },
  };
}

/** The folder of a QoS class in a kubelet with the cgroupfs driver. */
function qosFolder({ status }: Pod): string {
  const { qosClass = 'BestEffort' } = status;
  return qosClass === 'Guaranteed' ? '' : `${qosClass.toLowerCase()}/`;
}

function clusterDns(namespace: string): {
  servers: string[];
  searches: string[];
  options: string[];
} {
  const domain = 'cluster.local';
  return {
    servers: ['10.96.0.10'],
    searches: [`${namespace}.svc.${domain}`, `svc.${domain}`, domain],
    options: ['ndots:5'],
  };
}
