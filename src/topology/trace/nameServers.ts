import type { Wiring } from '../wiring.ts';
import type { PathEndpoint } from './endpoint.ts';

/**
 * The name servers of a pod, by its resolv.conf. Where that was not read, the address of the cluster's own
 * name service, which pods with the usual DNS policy ask.
 */
export function nameServersOf(wiring: Wiring, from: PathEndpoint): string[] {
  const place = from.kind === 'pod' || from.kind === 'node' ? from.place : undefined;
  const named = [...(place?.network.resolvConf ?? '').matchAll(/^\s*nameserver\s+(\S+)/gm)].flatMap(
    ([, address]) => address ?? [],
  );
  if (named.length > 0) return named;
  const service = wiring.facts.objects.services?.find(
    ({ namespace, name }) => namespace === 'kube-system' && /dns/.test(name),
  );
  return [...(service?.clusterAddresses ?? [])];
}

/** The names that a resolver asks for, in its order: resolv.conf(5), `search` and `options ndots`. */
export function queriedNames(resolvConf: string, name: string): string[] {
  if (name.endsWith('.')) return [name];
  const search = /^\s*search\s+(.+)$/m.exec(resolvConf)?.[1]?.trim().split(/\s+/) ?? [];
  const ndots = Number(/^\s*options\b.*\bndots:(\d+)/m.exec(resolvConf)?.[1] ?? 1);
  const completed = search.map((domain) => `${name}.${domain.replace(/\.$/, '')}.`);
  const dots = name.split('.').length - 1;
  return dots >= ndots ? [`${name}.`, ...completed] : [...completed, `${name}.`];
}
