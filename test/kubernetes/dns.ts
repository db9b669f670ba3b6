import { CLUSTER_DNS } from './addresses.ts';
import type { ApiClient } from './apiClient.ts';
import { DNS_IMAGE } from './images.ts';

const NAMESPACE = 'kube-system';
const LABELS = { 'k8s-app': 'kube-dns' };
const RBAC = 'rbac.authorization.k8s.io';

/** The same as kubeadm's, except `forward`: no server can be asked for external names. */
const COREFILE = `.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    cache 30
    reload
    loadbalance
}
`;

/** Deploys CoreDNS on both nodes, as kubeadm does. */
export async function deployDns(api: ApiClient): Promise<void> {
  const named = (name: string) => ({ metadata: { name, namespace: NAMESPACE } });
  const core = `/api/v1/namespaces/${NAMESPACE}`;
  const rbac = `/apis/${RBAC}/v1`;
  const metadata = { name: 'system:coredns' };
  await api.call('POST', `${core}/serviceaccounts`, named('coredns'));
  await api.call('POST', `${rbac}/clusterroles`, { metadata, rules: RULES });
  await api.call('POST', `${rbac}/clusterrolebindings`, {
    metadata,
    roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: metadata.name },
    subjects: [{ kind: 'ServiceAccount', name: 'coredns', namespace: NAMESPACE }],
  });
  await api.call('POST', `${core}/configmaps`, {
    ...named('coredns'),
    data: { Corefile: COREFILE },
  });
  await api.call('POST', `${core}/services`, {
    metadata: { ...named('kube-dns').metadata, labels: LABELS },
    spec: {
      clusterIP: CLUSTER_DNS,
      selector: LABELS,
      ports: [
        { name: 'dns', port: 53, protocol: 'UDP' },
        { name: 'dns-tcp', port: 53, protocol: 'TCP' },
        { name: 'metrics', port: 9153, protocol: 'TCP' },
      ],
    },
  });
  await api.call('POST', `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`, {
    metadata: { ...named('coredns').metadata, labels: LABELS },
    spec: {
      replicas: 2,
      selector: { matchLabels: LABELS },
      template: { metadata: { labels: LABELS }, spec: podSpec },
    },
  });
}

const RULES = [
  {
    apiGroups: [''],
    resources: ['endpoints', 'services', 'pods', 'namespaces'],
    verbs: ['list', 'watch'],
  },
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
];

const podSpec = {
  serviceAccountName: 'coredns',
  priorityClassName: 'system-cluster-critical',
  dnsPolicy: 'Default',
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      topologyKey: 'kubernetes.io/hostname',
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: { matchLabels: LABELS },
    },
  ],
  containers: [
    {
      name: 'coredns',
      image: DNS_IMAGE,
      imagePullPolicy: 'IfNotPresent',
      args: ['-conf', '/etc/coredns/Corefile'],
      ports: [
        { containerPort: 53, name: 'dns', protocol: 'UDP' },
        { containerPort: 53, name: 'dns-tcp', protocol: 'TCP' },
        { containerPort: 9153, name: 'metrics', protocol: 'TCP' },
      ],
      readinessProbe: { httpGet: { path: '/ready', port: 8181 }, periodSeconds: 2 },
      livenessProbe: {
        httpGet: { path: '/health', port: 8080 },
        initialDelaySeconds: 60,
        timeoutSeconds: 5,
      },
      resources: { requests: { cpu: '100m', memory: '70Mi' }, limits: { memory: '170Mi' } },
      securityContext: {
        allowPrivilegeEscalation: false,
        capabilities: { add: ['NET_BIND_SERVICE'], drop: ['ALL'] },
        readOnlyRootFilesystem: true,
      },
      volumeMounts: [{ name: 'config', mountPath: '/etc/coredns', readOnly: true }],
    },
  ],
  volumes: [{ name: 'config', configMap: { name: 'coredns' } }],
};
