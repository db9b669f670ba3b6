import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFabric } from '../cluster/nodes/fabric.ts';
import { startJanitor } from '../cluster/nodes/janitor.ts';
import { settleAll } from '../cluster/settleAll.ts';
import { ApiClient } from './apiClient.ts';
import { CONTROL_PLANE, writeControlPlane } from './controlPlane.ts';
import { makeCredentials } from './credentials.ts';
import { deployDns } from './dns.ts';
import { joinPodNetworks } from './flannel.ts';
import { importImages, packImages } from './images.ts';
import { KubernetesNode } from './node.ts';
import { createUsers } from './users.ts';

/** A real Kubernetes with two nodes, on this machine only. */
export interface Kubernetes {
  /** Path of the administrator's kubeconfig file. */
  readonly kubeconfig: string;
  /** User name -> path of that user's kubeconfig file. */
  readonly kubeconfigs: Readonly<Record<string, string>>;
  readonly nodes: readonly KubernetesNode[];
  /** Contains everything that the cluster writes. It no longer exists after `close`. */
  readonly folder: string;
  /** Resolves when no process, mount, link, control group or file of the cluster is left. */
  close(): Promise<void>;
}

export interface KubernetesOptions {
  /** Folder of the binaries, see binaries.ts. */
  readonly binaries: string;
  readonly proxyMode: 'iptables' | 'nftables';
  /** A folder that is removed with the cluster. */
  readonly stateFolder?: string;
  /** Aborts a start. */
  readonly signal: AbortSignal;
  /** Called after every step. */
  readonly onStep: (step: string) => void;
}

const NODES = ['node-a', 'node-b'] as const;
/** A start takes half a minute, but more on a machine under load. Milliseconds. */
const START_TIMEOUT = 180_000;

/**
 * Starts a cluster. Requires root, and the programs that `whyNoKubernetesHere` checks. The cluster ends with this
 * process, even if that is killed.
 */
export async function startKubernetes(options: KubernetesOptions): Promise<Kubernetes> {
  const id = randomBytes(4).toString('hex');
  const folder = join(tmpdir(), `netdebug-${id}`);
  await mkdir(folder, { mode: 0o700 });
  const { stateFolder } = options;
  const janitor = startJanitor(`netdebug-${id}`, folder, ...(stateFolder ? [stateFolder] : []));
  const parts: { close(): Promise<void> | void }[] = [janitor];
  const close = async () => {
    for (const part of parts.splice(0).toReversed()) await part.close();
  };
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(START_TIMEOUT)]);
  try {
    const archives = packImages(folder, options.binaries);
    // Failures are handled by those who wait. A node that does not start does not wait.
    Promise.all(archives).catch(() => {});
    const fabric = await createFabric(id, janitor.stdin);
    parts.push(fabric);
    const [first, second] = NODES.map((name, index) => ({
      name,
      address: fabric.nodeAddress(index + 1),
    }));
    if (!first || !second) throw new Error('a cluster has two nodes');
    const credentialFolder = join(folder, 'credentials');
    const credentials = await makeCredentials(credentialFolder, [first, second]);
    options.onStep('certificates and users are made');
    const nodes = await settleAll(
      NODES.map(async (name, index) => {
        const node = await KubernetesNode.start(
          {
            ...{ index: index + 1, name, folder: join(folder, name) },
            ...{ group: `netdebug-${id}/${name}`, credentials: credentialFolder },
            ...{ binaries: options.binaries, proxyMode: options.proxyMode },
          },
          fabric,
          janitor.stdin,
        );
        parts.push(node);
        return node;
      }),
    );
    options.onStep('the nodes have their namespaces');
    const api = new ApiClient(credentials.kubeconfig);
    parts.push(api);
    await bringUp({ ...options, signal }, nodes, api, credentialFolder, archives);
    const { kubeconfig, kubeconfigs } = credentials;
    return { kubeconfig, kubeconfigs, nodes, folder, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Turns two empty nodes into ready ones, with a DNS server on each. */
async function bringUp(
  { binaries, signal, onStep }: KubernetesOptions,
  nodes: readonly KubernetesNode[],
  api: ApiClient,
  credentials: string,
  archives: readonly Promise<string>[],
): Promise<void> {
  const [first] = nodes;
  if (!first) throw new Error('no node for the control plane');
  await writeControlPlane(first, binaries, credentials);
  for (const part of CONTROL_PLANE) first.startPart(part);
  const machines = nodes.map(async (node) => {
    node.startPart('containerd');
    await node.until('containerd', () => node.run(['ctr', 'version']), signal);
    onStep(`${node.name}: containerd answers`);
    node.startPart('kubelet');
    node.startPart('kube-proxy');
    await importImages(node, archives);
    onStep(`${node.name}: the images are there`);
  });
  const server = (async () => {
    const isServed = () => api.call('GET', '/readyz');
    await first.until('kube-apiserver', isServed, signal);
    onStep('the API server is ready');
    await createUsers(api);
    await deployDns(api);
    onStep('users and the DNS server are created');
    const networks = nodes.map(async (node) => {
      const podNetwork = await node.until(
        'kubelet',
        async () => {
          const { spec } = JSON.parse(await api.call('GET', `/api/v1/nodes/${node.name}`)) as {
            spec: { podCIDR?: string };
          };
          if (spec.podCIDR === undefined) throw new Error('no pod network yet');
          return spec.podCIDR;
        },
        signal,
      );
      return { node, podNetwork };
    });
    const members = await settleAll(networks);
    onStep('the nodes are registered and have pod networks');
    await joinPodNetworks(api, members);
    onStep('flannel has joined the pod networks');
  })();
  await settleAll([...machines, server]);
  for (const node of nodes) await node.until('kubelet', () => expectReady(api, node.name), signal);
  onStep('both nodes are ready');
  await first.until('kubelet', () => expectDns(api), signal);
  onStep('a DNS server runs on each');
}

async function expectReady(api: ApiClient, name: string): Promise<void> {
  const { status } = JSON.parse(await api.call('GET', `/api/v1/nodes/${name}`)) as {
    status: { conditions?: { type: string; status: string; message: string }[] };
  };
  const ready = status.conditions?.find(({ type }) => type === 'Ready');
  if (ready?.status !== 'True') throw new Error(`${name} is not ready: ${ready?.message}`);
}

async function expectDns(api: ApiClient): Promise<void> {
  const path = '/apis/apps/v1/namespaces/kube-system/deployments/coredns';
  const { status } = JSON.parse(await api.call('GET', path)) as {
    status: { readyReplicas?: number };
  };
  if (status.readyReplicas !== 2) throw new Error(`${status.readyReplicas ?? 0} DNS servers run`);
}
