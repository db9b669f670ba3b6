import { sameAddress } from '../address.ts';
import type { TracedPacket } from './packet.ts';

/** A virtual service of IPVS and its destinations. */
export interface IpvsService {
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly address: string;
  readonly port: number;
  readonly scheduler?: string;
  readonly isPersistent: boolean;
  readonly servers: readonly IpvsServer[];
}

export interface IpvsServer {
  readonly address: string;
  readonly port: number;
  /** masq, route or tunnel. kube-proxy uses masq. */
  readonly forward?: string;
  /** With weight 0, a destination gets no new connections. Absent in listings with --stats, which do not show it. */
  readonly weight?: number;
}

const SERVICE = /^(TCP|UDP|SCTP)\s+(\S+):(\d+)(.*)$/;
const SERVER = /^\s*->\s+(\S+):(\d+)(?:\s+(Masq|Route|Tunnel|Local)\s+(\d+))?/;

/** Reads the output of `ipvsadm -Ln`, with or without --stats. */
export function parseIpvs(text: string): IpvsService[] {
  const services: (Omit<IpvsService, 'servers'> & { servers: IpvsServer[] })[] = [];
  for (const line of text.split('\n')) {
    const service = SERVICE.exec(line);
    const server = SERVER.exec(line);
    if (service) {
      const rest = (service[4] ?? '').trim();
      const scheduler = /^[a-z]+/.exec(rest)?.[0];
      services.push({
        protocol: (service[1] ?? '').toLowerCase() as IpvsService['protocol'],
        address: stripBrackets(service[2]),
        port: Number(service[3]),
        isPersistent: rest.includes('persistent'),
        ...(scheduler !== undefined && { scheduler }),
        servers: [],
      });
    } else if (server) {
      const [, address, port, forward, weight] = server;
      services.at(-1)?.servers.push({
        address: stripBrackets(address),
        port: Number(port),
        ...(forward !== undefined && { forward: forward.toLowerCase() }),
        ...(weight !== undefined && { weight: Number(weight) }),
      });
    }
  }
  return services;
}

/** The service of a listing that has the packet's destination address, port and protocol. */
export function findIpvsService(
  listing: string,
  { destination, destinationPort, protocol }: TracedPacket,
): IpvsService | undefined {
  return parseIpvs(listing).find(
    (service) =>
      sameAddress(service.address, destination) &&
      service.port === destinationPort &&
      service.protocol === protocol,
  );
}

function stripBrackets(address: string | undefined): string {
  return (address ?? '').replace(/^\[|\]$/g, '');
}
