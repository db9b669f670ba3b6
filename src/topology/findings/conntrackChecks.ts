import { sameAddress } from '../address.ts';
import type { Fault } from '../trace/oneWayPath.ts';
import type { PathTrace } from '../trace/tracePath.ts';

/**
 * Tracked connections to endpoints that no longer exist. As long as the client keeps its port, its packets still
 * go there, whatever the current rules say. UDP clients such as resolvers may keep their port forever.
 */
export function conntrackFaults({
  service,
  topology,
  paths,
  request,
  destination,
}: PathTrace): Fault[] {
  const port = service?.nodePortOf === undefined ? service?.port?.port : request.port;
  const { backends } = service ?? {};
  if (backends === undefined || port === undefined) return [];
  const nodes = new Set(paths.flatMap(({ hops }) => hops.flatMap(({ node }) => node ?? [])));
  return [...nodes].flatMap((name): Fault[] => {
    const node = topology.node(name);
    const host = node && topology.hostPlace(node);
    const stale = (host?.network.conntrack?.entries ?? []).find((line) => {
      const { protocol, originalAddress, originalPort, answering } = connectionOf(line);
      return (
        protocol === request.protocol &&
        sameAddress(originalAddress, destination) &&
        originalPort === port &&
        answering !== '' &&
        !sameAddress(answering, destination) &&
        !backends.some(({ address }) => sameAddress(address, answering))
      );
    });
    if (stale === undefined || host === undefined) return [];
    const { answering, client, protocol } = connectionOf(stale);
    return [
      {
        kind: 'stale-conntrack',
        where: { node: name, netns: host.network.inode },
        evidence: stale.trim().replace(/\s+/g, ' '),
        values: {
          client,
          answering,
          protocol,
          service: `${service?.object.namespace}/${service?.object.name}`,
          address: destination,
        },
      },
    ];
  });
}

/** Parses a line of /proc/net/nf_conntrack: the addresses of the first packet, then those of its answers. */
function connectionOf(line: string) {
  const all = (name: string) =>
    [...line.matchAll(new RegExp(`\\b${name}=(\\S+)`, 'g'))].map(([, value]) => value ?? '');
  const protocol = /\b(tcp|udp)\b/.exec(line)?.[1] ?? '';
  const [client = '', answering = ''] = all('src');
  return {
    protocol,
    client,
    answering,
    originalAddress: all('dst')[0] ?? '',
    originalPort: Number(all('dport')[0]),
  };
}
