import { existsSync } from 'node:fs';
import { findHostProgram } from './images/hostPrograms.ts';
import type { ClusterNode } from './nodes/node.ts';
import { entryRules, serviceRules } from './nodes/serviceRules.ts';
import type { KubeObject, Store } from './store.ts';

/** Makes Linux also apply the packet filter to packets on bridges. It is enabled wherever it exists. */
const BRIDGE_FILTER = '/proc/sys/net/bridge/bridge-nf-call-iptables';
const SLICES = 'endpointslices.discovery.k8s.io';

/**
 * Forwards the addresses of services to their endpoints on every node, as kube-proxy does. Returns the function that
 * ends it. If this machine has no iptables, services do not work. Nodes have no rules until there is a service, because
 * rules cost time for every packet.
 */
export function startServiceProxy(store: Store, nodes: readonly ClusterNode[]): () => void {
  const proxies = nodes.map((node) => new NodeProxy(node));
  let isScheduled = false;
  let isClosed = false;
  const update = () => {
    isScheduled = false;
    if (isClosed) return;
    const services = store.list('services');
    const slices = store.list(SLICES);
    for (const proxy of proxies) proxy.apply(services, slices);
  };
  const unsubscribe = store.subscribe(({ resource }) => {
    if ((resource !== 'services' && resource !== SLICES) || isScheduled) return;
    isScheduled = true;
    setImmediate(update);
  });
  return () => {
    isClosed = true;
    unsubscribe();
  };
}

/** The rules of one node, changed one after the other. */
class NodeProxy {
  readonly #node: ClusterNode;
  #applied = '';
  #work: Promise<void> = Promise.resolve();

  constructor(node: ClusterNode) {
    this.#node = node;
  }

  apply(services: readonly KubeObject[], slices: readonly KubeObject[]): void {
    const rules = serviceRules(
      services,
      slices,
      existsSync(BRIDGE_FILTER) ? undefined : this.#node.podNetwork,
    );
    if (rules === this.#applied || (this.#applied === '' && services.length === 0)) return;
    const isFirst = this.#applied === '';
    this.#applied = rules;
    this.#work = this.#work.then(async () => {
      if (!(await findHostProgram('iptables-restore'))) return;
      // The rules of a node that is ending cannot be changed any more.
      if (isFirst) await this.#node.restoreIptables(entryRules).catch(() => {});
      await this.#node.restoreIptables(rules).catch(() => {});
    });
  }
}
