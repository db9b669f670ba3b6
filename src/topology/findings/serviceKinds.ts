import type { FaultKind } from './kind.ts';

/** Processes, services, policies and names. */
export const SERVICE_KINDS: Readonly<Record<string, FaultKind>> = {
  'no-listener': {
    severity: 'error',
    layer: 6,
    summary: 'Nothing listens at the port in the network of the destination.',
    meaning: (v) =>
      `No process of ${v('target')} listens at ${v('protocol')} port ${v('port')}: connections are refused.`,
    fix: (v) =>
      `see what listens (kubectl netdebug ports ${v('podFlag')} -l), then correct the port of the process, of the service or of the request`,
  },
  'local-listener': {
    severity: 'error',
    layer: 6,
    summary: 'The process listens at another address than the requested one.',
    meaning: (v) =>
      v('address') === '0.0.0.0'
        ? `Port ${v('port')} of ${v('target')} is open for IPv4 only: over IPv6 connections are refused.`
        : `Port ${v('port')} of ${v('target')} is open at ${v('address')} only: from outside connections are refused.`,
    fix: (v) =>
      v('address') === '0.0.0.0'
        ? 'let the process listen at ::, which takes IPv4 as well'
        : 'let the process listen at 0.0.0.0 or ::',
  },
  'service-no-endpoints': {
    severity: 'error',
    layer: 6,
    summary: 'A service has no endpoint that takes connections.',
    meaning: (v) => `${v('service')} leads nowhere: ${v('state')}.`,
    fix: (v) =>
      `kubectl get endpointslices -n ${v('namespace')} -l kubernetes.io/service-name=${v('name')}; compare the selector with the labels of the pods, and see why they are not ready`,
  },
  'service-port-missing': {
    severity: 'error',
    layer: 6,
    summary: 'A service does not have the requested port.',
    meaning: (v) =>
      `${v('service')} has no ${v('protocol')} port ${v('port')}; it has ${v('ports')}.`,
    fix: (v) =>
      `ask for one of its ports, or add the port: kubectl edit svc -n ${v('namespace')} ${v('name')}`,
  },
  'service-not-programmed': {
    severity: 'error',
    layer: 6,
    summary: 'No rule of the node translates the address of a service.',
    meaning: (v) =>
      `${v('service')} has endpoints, and the node has no rule for ${v('address')}: packets to it are routed as any other.`,
    fix: (_v, { node }) =>
      `see whether kube-proxy, or what replaces it, runs on ${node ?? 'the node'}, and what it logs`,
  },
  'service-source-range': {
    severity: 'error',
    layer: 6,
    summary: 'A service takes connections from other addresses only.',
    meaning: (v) => `loadBalancerSourceRanges ${v('ranges')} do not include ${v('source')}.`,
    fix: (v) =>
      `add the address to spec.loadBalancerSourceRanges: kubectl edit svc -n ${v('namespace')} ${v('name')}`,
  },
  'service-no-local-endpoints': {
    severity: 'error',
    layer: 6,
    summary: 'The traffic policy of a service is Local, and the node has no endpoint of it.',
    meaning: (v) =>
      `${v('policy')} is Local: ${v('node')} sends nothing to endpoints of other nodes, and has none itself.`,
    fix: (v) =>
      `run an endpoint on ${v('node')}, ask another node, or set ${v('policy')} to Cluster`,
  },
  'stale-conntrack': {
    severity: 'warning',
    layer: 6,
    summary: 'A tracked connection to a service leads to an endpoint that is gone.',
    meaning: (v) =>
      `${v('client')} still reaches ${v('answering')} for ${v('service')}, which is no longer an endpoint: its packets are lost until the entry expires.`,
    fix: (v) =>
      `conntrack -D -p ${v('protocol')} --orig-dst ${v('address')} --reply-src ${v('answering')}`,
  },
  'host-port-not-programmed': {
    severity: 'error',
    layer: 6,
    summary: 'No rule of the node leads a hostPort to its pod.',
    meaning: (v) =>
      `${v('target')} has hostPort ${v('port')}, and no rule of the node leads there: connections are refused.`,
    fix: () =>
      'see that the CNI configuration has the portmap plugin (kubectl netdebug cni node/NAME), then recreate the pod',
  },
  'policy-denies': {
    severity: 'error',
    layer: 6,
    summary: 'Network policies select a pod, and none of them allows the packet.',
    meaning: (v) =>
      `${v('policies')} select ${v('pod')} for ${v('direction')} and none allows this: a plugin that enforces policies drops it.`,
    fix: (v) =>
      `allow it in one of them: kubectl edit networkpolicy -n ${v('namespace')} ${v('first')}`,
  },
  'dns-unreachable': {
    severity: 'error',
    layer: 6,
    summary: 'The name server of a pod leads to nothing that answers.',
    meaning: (v) => `The pod asks ${v('server')}: ${v('state')}. Names are not resolved.`,
    fix: (v) =>
      `kubectl get svc,pods -n kube-system -l k8s-app=kube-dns; compare with ${v('server')}, which the kubelet's clusterDNS gives`,
  },
};
