import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { scriptPath } from '../cluster/nodes/heldProcess.ts';
import { flannelSubnet, networkList } from '../cluster/nodes/nodeFiles.ts';
import { POD_NETWORK } from './addresses.ts';
import type { ApiClient } from './apiClient.ts';
import type { KubernetesNode } from './node.ts';

const PORT_MAPPING = { type: 'portmap', capabilities: { portMappings: true } };

/** A node with the network that the controller manager assigned to it. */
interface Member {
  readonly node: KubernetesNode;
  readonly podNetwork: string;
}

/**
 * Does what flanneld does once all nodes have their networks: publishes them in annotations, creates the tunnel, and
 * writes the configuration of the container runtime. The node then becomes ready.
 */
export async function joinPodNetworks(api: ApiClient, members: readonly Member[]): Promise<void> {
  await Promise.all(
    members.map(async (member) => {
      const { node, podNetwork } = member;
      await api.call('PATCH', `/api/v1/nodes/${node.name}`, { metadata: annotations(member) });
      const peers = members.filter((other) => other !== member);
      await node.run([
        ...['sh', scriptPath('flannel.sh'), 'flannel.1', ...ends(member)],
        ...peers.flatMap((peer) => [...ends(peer), peer.podNetwork]),
      ]);
      await node.run([
        'sh',
        '-c',
        `iptables-restore --noflush --wait <<'END'\n${rules(member)}END`,
      ]);
      const list = join(node.folder, 'cni.conflist');
      const subnet = join(node.folder, 'subnet.env');
      await writeFile(list, JSON.stringify(networkList([podNetwork], PORT_MAPPING), undefined, 2));
      await writeFile(subnet, flannelSubnet([podNetwork]));
      await node.run(['cp', subnet, '/run/flannel/subnet.env']);
      await node.run(['cp', list, '/etc/cni/net.d/10-flannel.conflist']);
    }),
  );
}

/** What a peer needs to know: the node's address, its tunnel's address and hardware address. */
function ends({ node, podNetwork }: Member): string[] {
  return [node.address, tunnelAddress(podNetwork), hardwareAddress(podNetwork)];
}

function tunnelAddress(podNetwork: string): string {
  return podNetwork.replace(/\/.*$/, '');
}

/** Derived from the tunnel's address: locally administered, and the same each time. */
function hardwareAddress(podNetwork: string): string {
  const bytes = tunnelAddress(podNetwork)
    .split('.')
    .map((byte) => Number(byte).toString(16).padStart(2, '0'));
  return `0a:58:${bytes.join(':')}`;
}

/** See flannel's pkg/subnet/kube. */
function annotations({ node, podNetwork }: Member): object {
  const data = { VNI: 1, VtepMAC: hardwareAddress(podNetwork) };
  const own = {
    'backend-data': JSON.stringify(data),
    'backend-type': 'vxlan',
    'kube-subnet-manager': 'true',
    'public-ip': node.address,
  };
  return {
    annotations: Object.fromEntries(
      Object.entries(own).map(([key, value]) => [`flannel.alpha.coreos.com/${key}`, value]),
    ),
  };
}

/** flannel's rules: they permit the traffic of pods, and masquerade it to external addresses. */
function rules({ podNetwork }: Member): string {
  const all = POD_NETWORK;
  return [
    '*nat',
    ':FLANNEL-POSTRTG -',
    // Without a packet filter for bridges, an endpoint would answer a pod on its node directly, with another address
    // than the requested one. Its answer has to pass through the node.
    `-A POSTROUTING -s ${podNetwork} -d ${podNetwork} -m conntrack --ctstate DNAT -j MASQUERADE`,
    '-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG',
    '-A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 -j RETURN',
    `-A FLANNEL-POSTRTG -s ${all} -d ${all} -j RETURN`,
    `-A FLANNEL-POSTRTG ! -s ${all} -d ${podNetwork} -j RETURN`,
    `-A FLANNEL-POSTRTG -s ${all} ! -d 224.0.0.0/4 -j MASQUERADE`,
    `-A FLANNEL-POSTRTG ! -s ${all} -d ${all} -j MASQUERADE`,
    ...['COMMIT', '*filter', ':FLANNEL-FWD -'],
    '-A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD',
    `-A FLANNEL-FWD -s ${all} -j ACCEPT`,
    `-A FLANNEL-FWD -d ${all} -j ACCEPT`,
    ...['COMMIT', ''],
  ].join('\n');
}
