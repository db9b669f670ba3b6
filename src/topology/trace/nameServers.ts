import type { Topology } from '../topology.ts';
import type { PathEndpoint } from './endpoint.ts';

/**
 * The name servers in a pod's resolv.conf. If it was not read, the address of the cluster's DNS service, which
 * pods with the default DNS policy use.
 */
export function nameServersOf(topology: Topology, from: PathEndpoint): string[] {
  const place = from.kind === 'pod' || from.kind === 'node' ? from.place : undefined;
  const servers = [
    ...(place?.network.resolvConf ?? '').matchAll(/^\s*nameserver\s+(\S+)/gm),
  ].flatMap(([, address]) => address ?? []);
  if (servers.length > 0) return servers;
  const service = topology.facts.objects.services?.find(
    ({ namespace, name }) => namespace === 'kube-system' && /dns/.test(name),
  );
  return [...(service?.clusterAddresses ?? [])];
}

/** The names that a resolver queries, in order. See resolv.conf(5), `search` and `options ndots`. */
export function queriedNames(resolvConf: string, name: string): string[] {
  if (name.endsWith('.')) return [name];
  const search = /^\s*search\s+(.+)$/m.exec(resolvConf)?.[1]?.trim().split(/\s+/) ?? [];
  const ndots = Number(/^\s*options\b.*\bndots:(\d+)/m.exec(resolvConf)?.[1] ?? 1);
  const completed = search.map((domain) => `${name}.${domain.replace(/\.$/, '')}.`);
  const dots = name.split('.').length - 1;
  return dots >= ndots ? [`${name}.`, ...completed] : [...completed, `${name}.`];
}
