import { join } from 'node:path';
import { API_PORT, POD_NETWORK, SERVICE_NETWORK } from './addresses.ts';
import type { KubernetesNode } from './node.ts';
import { writePart } from './nodeFiles.ts';

export const CONTROL_PLANE = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
] as const;

/** Writes the commands that start the parts of the control plane on this node. */
export async function writeControlPlane(
  node: KubernetesNode,
  binaries: string,
  credentials: string,
): Promise<void> {
  const file = (name: string) => join(credentials, name);
  const flags: Record<(typeof CONTROL_PLANE)[number], string[]> = {
    etcd: [`--data-dir=${join(node.folder, 'etcd')}`],
    'kube-apiserver': [
      '--etcd-servers=http://127.0.0.1:2379',
      `--advertise-address=${node.address}`,
      `--secure-port=${API_PORT}`,
      `--service-cluster-ip-range=${SERVICE_NETWORK}`,
      '--authorization-mode=Node,RBAC',
      '--enable-admission-plugins=NodeRestriction',
      '--allow-privileged=true',
      '--endpoint-reconciler-type=lease',
      `--client-ca-file=${file('ca.crt')}`,
      `--token-auth-file=${file('tokens.csv')}`,
      `--tls-cert-file=${file('apiserver.crt')}`,
      `--tls-private-key-file=${file('apiserver.key')}`,
      `--kubelet-certificate-authority=${file('ca.crt')}`,
      `--kubelet-client-certificate=${file('apiserver-kubelet-client.crt')}`,
      `--kubelet-client-key=${file('apiserver-kubelet-client.key')}`,
      '--kubelet-preferred-address-types=InternalIP',
      '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
      `--service-account-key-file=${file('sa.pub')}`,
      `--service-account-signing-key-file=${file('sa.key')}`,
      `--requestheader-client-ca-file=${file('front-proxy-ca.crt')}`,
      '--requestheader-allowed-names=front-proxy-client',
      '--requestheader-extra-headers-prefix=X-Remote-Extra-',
      '--requestheader-group-headers=X-Remote-Group',
      '--requestheader-username-headers=X-Remote-User',
      `--proxy-client-cert-file=${file('front-proxy-client.crt')}`,
      `--proxy-client-key-file=${file('front-proxy-client.key')}`,
    ],
    'kube-controller-manager': [
      `--kubeconfig=${file('kube-controller-manager.kubeconfig')}`,
      '--leader-elect=false',
      '--bind-address=127.0.0.1',
      '--allocate-node-cidrs=true',
      `--cluster-cidr=${POD_NETWORK}`,
      `--service-cluster-ip-range=${SERVICE_NETWORK}`,
      `--root-ca-file=${file('ca.crt')}`,
      `--service-account-private-key-file=${file('sa.key')}`,
      '--use-service-account-credentials=true',
      `--cluster-signing-cert-file=${file('ca.crt')}`,
      `--cluster-signing-key-file=${file('ca.key')}`,
    ],
    'kube-scheduler': [
      `--kubeconfig=${file('kube-scheduler.kubeconfig')}`,
      '--leader-elect=false',
      '--bind-address=127.0.0.1',
    ],
  };
  for (const name of CONTROL_PLANE)
    await writePart(node.folder, name, [join(binaries, name), ...flags[name]]);
}
