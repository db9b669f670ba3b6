import { FLAG, type Packet, PROTOCOL } from '../packets/packet.ts';

/** Server ports within the range that clients may use (IANA, and common services of clusters). */
const SERVER_PORTS: ReadonlySet<number> = new Set([
  1080, 1194, 1433, 1521, 1812, 1813, 1883, 2049, 2181, 2379, 2380, 3000, 3128, 3306, 3389, 3478,
  3544, 4789, 5000, 5060, 5061, 5072, 5222, 5223, 5269, 5353, 5355, 5432, 5671, 5672, 5900, 5985,
  6081, 6379, 6443, 6666, 6667, 6668, 6669, 8000, 8008, 8080, 8081, 8443, 8472, 8888, 9000, 9042,
  9090, 9092, 9093, 9100, 9153, 9200, 9300, 10250, 10256, 10257, 10259, 11211, 15672, 25565, 27017,
  50051,
]);
const FIRST_FREE_PORT = 1024;
/** Linux uses client ports from here (net.ipv4.ip_local_port_range). */
const EPHEMERAL_PORTS = 32_768;

function isServerPort(port: number): boolean {
  return port < FIRST_FREE_PORT || SERVER_PORTS.has(port);
}

/**
 * Whether the sender of a conversation's first packet is the server: it answers a SYN that is not in the capture, or
 * only its port is a server port. Otherwise the end that sends first is the client.
 */
export function isFromServer(packet: Packet): boolean {
  const { sourcePort, destinationPort, flags, protocol } = packet;
  if (protocol === PROTOCOL.tcp && packet.hasTransport && flags & FLAG.syn)
    return (flags & FLAG.ack) !== 0;
  if (isServerPort(sourcePort) !== isServerPort(destinationPort)) return isServerPort(sourcePort);
  return (
    protocol === PROTOCOL.tcp && sourcePort < EPHEMERAL_PORTS && destinationPort >= EPHEMERAL_PORTS
  );
}
