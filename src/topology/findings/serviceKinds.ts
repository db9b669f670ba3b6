import { type FaultKind, runOn, withCommands } from './kind.ts';

/** Processes, services, policies and names. */
export const SERVICE_KINDS: Readonly<Record<string, FaultKind>> = {
  'no-listener': {
    severity: 'error',
    layer: 6,
    summary: 'Nothing listens on the port in the network of the destination.',
    meaning: (v) =>
      `No process of ${v('target')} listens on ${v('protocol')} port ${v('port')}: connections are refused.`,
    fix: (v) =>
      withCommands(
        'list the listening sockets, then correct the port of the process, the service or the request',
        `kubectl netdebug ports ${v('podFlag')} -l`,
      ),
  },
  'local-listener': {
    severity: 'error',
    layer: 6,
    summary: 'The process listens on another address than the requested one.',
    meaning: (v) =>
      v('address') === '0.0.0.0'
        ? `Port ${v('port')} of ${v('target')} is only open for IPv4: connections over IPv6 are refused.`
        : `Port ${v('port')} of ${v('target')} is only open on ${v('address')}: connections from outside are refused.`,
    fix: (v) =>
      v('address') === '0.0.0.0'
        ? 'make the process listen on ::, which also accepts IPv4'
        : 'make the process listen on 0.0.0.0 or ::',
  },
  'service-no-endpoints': {
    severity: 'error',
    layer: 6,
    summary: 'A service has no endpoint that accepts connections.',
    meaning: (v) => `${v('service')} has no endpoint that accepts connections: ${v('state')}.`,
    fix: (v) =>
      withCommands(
        'compare the selector with the labels of the pods, and check why they are not ready',
        `kubectl get endpointslices -n ${v('namespace')} -l kubernetes.io/service-name=${v('name')}`,
      ),
  },
  'service-port-missing': {
    severity: 'error',
    layer: 6,
    summary: 'A service does not have the requested port.',
    meaning: (v) =>
      `${v('service')} has no ${v('protocol')} port ${v('port')}; it has ${v('ports')}.`,
    fix: (v) =>
      withCommands(
        'use one of its ports, or add the port',
        `kubectl edit svc -n ${v('namespace')} ${v('name')}`,
      ),
  },
  'service-not-programmed': {
    severity: 'error',
    layer: 6,
    summary: 'The node has no rule that translates the address of a service.',
    meaning: (v) =>
      `${v('service')} has endpoints, but the node has no rule for ${v('address')}: packets to it are routed without translation.`,
    fix: (_v, { node }) =>
      `check whether kube-proxy or its replacement runs on ${node ?? 'the node'}, and check its log`,
  },
  'service-source-range': {
    severity: 'error',
    layer: 6,
    summary: 'A service only accepts connections from other addresses.',
    meaning: (v) => `loadBalancerSourceRanges ${v('ranges')} do not include ${v('source')}.`,
    fix: (v) =>
      withCommands(
        'add the address to spec.loadBalancerSourceRanges',
        `kubectl edit svc -n ${v('namespace')} ${v('name')}`,
      ),
  },
  'service-no-local-endpoints': {
    severity: 'error',
    layer: 6,
    summary:
      'The traffic policy of a service is Local, but the node has no endpoint of the service.',
    meaning: (v) =>
      `${v('policy')} is Local: ${v('node')} sends nothing to endpoints on other nodes, and has no endpoint itself.`,
    fix: (v) =>
      `run an endpoint on ${v('node')}, use another node, or set ${v('policy')} to Cluster`,
  },
  'stale-conntrack': {
    severity: 'warning',
    layer: 6,
    summary: 'A tracked connection to a service leads to an endpoint that no longer exists.',
    meaning: (v) =>
      `${v('client')} still reaches ${v('answering')} for ${v('service')}, which is no longer an endpoint: its packets are lost until the entry expires.`,
    fix: (v, where) =>
      runOn(
        where,
        `conntrack -D -p ${v('protocol')} --orig-dst ${v('address')} --reply-src ${v('answering')}`,
      ),
  },
  'host-port-not-programmed': {
    severity: 'error',
    layer: 6,
    summary: 'The node has no rule that forwards a hostPort to its pod.',
    meaning: (v) =>
      `${v('target')} has hostPort ${v('port')}, but the node has no rule for it: connections are refused.`,
    fix: (_v, { node }) =>
      withCommands(
        'make sure that the CNI configuration has the portmap plugin, then recreate the pod',
        `kubectl netdebug cni node/${node ?? 'NODE'}`,
      ),
  },
  'policy-denies': {
    severity: 'error',
    layer: 6,
    summary: 'Network policies select a pod, but none of them allows the packet.',
    meaning: (v) =>
      `${v('policies')} select ${v('pod')} for ${v('direction')}, but none of them allows this packet: a plugin that enforces policies drops it.`,
    fix: (v) =>
      withCommands(
        'allow it in one of them',
        `kubectl edit networkpolicy -n ${v('namespace')} ${v('first')}`,
      ),
  },
  'dns-unreachable': {
    severity: 'error',
    layer: 6,
    summary: 'The name server of a pod does not lead to a working endpoint.',
    meaning: (v) =>
      `The name server of the pod is ${v('server')}: ${v('state')}. Names are not resolved.`,
    fix: (v) =>
      withCommands(
        `compare the name service with ${v('server')}, which is set by clusterDNS of the kubelet`,
        'kubectl get svc,pods -n kube-system -l k8s-app=kube-dns',
      ),
  },
};
