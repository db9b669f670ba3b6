import { objectAt, objectsAt, stringAt } from '../apiserver/json.ts';
import type { KubeObject } from '../store.ts';

const CHAIN = 'KUBE-SERVICES';

/**
 * The input of `iptables-restore --noflush` that forwards the addresses of services to their ready endpoints, as
 * kube-proxy does. `slices` are all EndpointSlices. `unfiltered` is a pod network in which pods on the same node would
 * answer each other directly, bypassing the node's packet filter and with another address than the requested one.
 * Without such a network, endpoints see the address of the client.
 */
export function serviceRules(
  services: readonly KubeObject[],
  slices: readonly KubeObject[],
  unfiltered: string | undefined,
): string {
  const nat: string[] = [];
  const filter: string[] = [];
  const sources = new Set(unfiltered === undefined ? [] : [unfiltered]);
  for (const service of services) {
    const { clusterIP, ports } = objectAt(service.spec);
    const address = stringAt(clusterIP);
    if (address === '' || address === 'None') continue;
    const own = slices.filter((slice) => isOf(slice, service));
    for (const port of objectsAt(ports)) {
      const protocol = stringAt(port.protocol).toLowerCase() || 'tcp';
      const match = `-d ${address}/32 -p ${protocol} --dport ${Number(port.port)}`;
      const targets = targetsOf(own, stringAt(port.name));
      for (const [index, target] of targets.entries())
        nat.push(
          `-A ${CHAIN} ${match} ${chance(targets.length - index)}-j DNAT --to-destination ${target}`,
        );
      if (unfiltered === undefined)
        for (const target of targets) sources.add(`${target.split(':')[0]}/32`);
      if (targets.length === 0) filter.push(`-A ${CHAIN} ${match} -j REJECT`);
    }
  }
  // A pod that connects to itself must not see its own address as the other end.
  const masquerade = [...sources].map(
    (source) =>
      `-A KUBE-POSTROUTING -s ${source} -d ${source} -m conntrack --ctstate DNAT -j MASQUERADE`,
  );
  return [
    ...['*nat', `:${CHAIN} -`, ':KUBE-POSTROUTING -', ...nat, ...masquerade, 'COMMIT'],
    ...['*filter', `:${CHAIN} -`, ...filter, 'COMMIT', ''],
  ].join('\n');
}

/** The rules that lead to those chains, once for each node. */
export const entryRules = [
  ...['*nat', `:${CHAIN} -`, ':KUBE-POSTROUTING -'],
  ...[`-A PREROUTING -j ${CHAIN}`, `-A OUTPUT -j ${CHAIN}`, '-A POSTROUTING -j KUBE-POSTROUTING'],
  ...['COMMIT', '*filter', `:${CHAIN} -`, `-A FORWARD -j ${CHAIN}`, `-A OUTPUT -j ${CHAIN}`],
  ...['COMMIT', ''],
].join('\n');

function isOf({ metadata }: KubeObject, service: KubeObject): boolean {
  return (
    metadata.namespace === service.metadata.namespace &&
    metadata.labels?.['kubernetes.io/service-name'] === service.metadata.name
  );
}

/** Addresses with ports of the ready endpoints. */
function targetsOf(slices: readonly KubeObject[], portName: string): string[] {
  return slices.flatMap((slice) => {
    const port = objectsAt(slice.ports).find(({ name }) => stringAt(name) === portName);
    if (!port) return [];
    return objectsAt(slice.endpoints)
      .filter(({ conditions }) => objectAt(conditions).ready === true)
      .map(({ addresses }) => `${[addresses].flat()[0]}:${Number(port.port)}`);
  });
}

/** Selects one of this many, all with the same probability. */
function chance(among: number): string {
  if (among === 1) return '';
  return `-m statistic --mode random --probability ${(1 / among).toFixed(5)} `;
}
