import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { FOLDER } from './captures.ts';

/** Wireshark's fields of the analysis of TCP segments, without their prefix `tcp.analysis.`. */
export const ANALYSIS_FIELDS = [
  'retransmission',
  'fast_retransmission',
  'spurious_retransmission',
  'out_of_order',
  'duplicate_ack',
  'lost_segment',
  'ack_lost_segment',
  'zero_window',
  'zero_window_probe',
  'zero_window_probe_ack',
  'window_full',
  'window_update',
  'keep_alive',
  'keep_alive_ack',
] as const;

export type AnalysisField = (typeof ANALYSIS_FIELDS)[number];

const MESSAGE_FIELDS = [
  'frame.protocols',
  'tcp',
  'dns',
  'quic',
  'dtls',
  'ip.src',
  'ip.dst',
  'ipv6.src',
  'ipv6.dst',
  'tcp.srcport',
  'tcp.dstport',
  'udp.srcport',
  'udp.dstport',
  'dns.id',
  'dns.flags.response',
  'dns.qry.name',
  'dns.qry.type',
  'dns.flags.rcode',
  'tls.handshake.type',
  'tls.handshake.extensions_server_name',
  'tls.handshake.ciphersuite',
  'http.request',
  'http.request.method',
  'http.request.uri',
  'http.host',
  'http.response',
  'http.response.code',
] as const;

type Field = 'frame.number' | (typeof MESSAGE_FIELDS)[number] | `tcp.analysis.${AnalysisField}`;

const FIELDS: readonly Field[] = [
  'frame.number',
  ...ANALYSIS_FIELDS.map((name) => `tcp.analysis.${name}` as const),
  ...MESSAGE_FIELDS,
];

/** The values that tshark prints for a packet, by field. A field that the packet does not have is absent. */
export type TsharkPacket = ReadonlyMap<Field, readonly string[]>;

export interface TsharkOutput {
  /** The packets of TCP, and those with messages of DNS, TLS and HTTP. If the capture is damaged, those before the damage. */
  readonly packets: readonly TsharkPacket[];
  /** Why tshark stopped before the end of the capture, if it did. */
  readonly error: unknown;
}

const SEPARATOR = '\x02';
const outputs = new Map<string, Promise<TsharkOutput>>();

/** The packets of a capture of the folder. tshark reads each capture only once, because its start takes most of the time. */
export function tsharkOutput(capture: string): Promise<TsharkOutput> {
  const output = outputs.get(capture) ?? readWithTshark(join(FOLDER, capture));
  outputs.set(capture, output);
  return output;
}

/** The packets of a capture, with the values of all occurrences of each field. */
export async function readWithTshark(path: string): Promise<TsharkOutput> {
  const wanted = 'tcp || dns || tls || http';
  const argv = ['-n', '-r', path, '-Y', wanted, '-T', 'fields', '-E', 'occurrence=a'];
  const fields = FIELDS.flatMap((field) => ['-e', field]);
  const { stdout, error } = await printed([...argv, '-E', `aggregator=${SEPARATOR}`, ...fields]);
  const packets = stdout.split('\n').filter(Boolean).map(packetIn);
  return { packets, error };
}

function packetIn(line: string): TsharkPacket {
  const values = line.split('\t');
  const entries = FIELDS.map((field, index): [Field, string[]] => [
    field,
    (values[index] ?? '').split(SEPARATOR),
  ]);
  return new Map(entries.filter(([, list]) => list[0] !== ''));
}

const execute = promisify(execFile);

async function printed(argv: readonly string[]): Promise<{ stdout: string; error: unknown }> {
  try {
    const { stdout } = await execute('tshark', argv, { maxBuffer: 256 * 1024 * 1024 });
    return { stdout, error: undefined };
  } catch (error) {
    if (error instanceof Error && 'stdout' in error) return { stdout: String(error.stdout), error };
    throw error;
  }
}
