import { type ParsedPeer, parsePeer } from '../../kube/targets/peers.ts';
import { wrongUsage } from '../../problem.ts';
import type { DebuggerValues } from './debugger.ts';
import type { FlagTable, FlagValues, ValueType } from './flag.ts';
import { PRESET_FLAG } from './preset.ts';
import { RING_FLAGS } from './ring.ts';
import type { TargetValues } from './targets.ts';
import { anyText, count, DURATION, FILE, SIZE } from './valueTypes.ts';

/** The other end of the pods' traffic. */
const PEER: ValueType<ParsedPeer> = { placeholder: 'PEER', parse: parsePeer };

/** In kubectl, -s is the address of the API server. */
const SNAPSHOT_LENGTH: ValueType<number> = {
  ...count(0),
  parse: (value) => {
    if (/^https?:/.test(value))
      throw wrongUsage(
        'must be a number of bytes',
        "-s is tcpdump's; choose the API server with --server",
      );
    return count(0).parse(value);
  },
};

/** The options of `capture` itself. */
export const CAPTURE_FLAGS = {
  interface: {
    alias: 'i',
    value: anyText('NAME', 'interfaces'),
    help: 'Interface in the pod, or any for all (default chosen by tcpdump, usually eth0)',
  },
  write: {
    alias: 'w',
    value: FILE,
    help: 'Write packets to FILE (.pcap or .pcapng), to standard output (-), or to one file per pod or node (FOLDER/)',
  },
  wireshark: { help: 'Show packets in Wireshark while they are captured' },
  summary: { help: 'Print a summary of what went wrong when the capture ends, instead of packets' },
  peer: {
    value: PEER,
    repeatable: true,
    help: 'Capture only traffic with this pod, service, node, workload, address or CIDR: pod/x, svc/x, 10.1.0.0/16. Can be repeated',
  },
  preset: PRESET_FLAG,
  'follow-pods': {
    help: 'Also capture pods of the workload, service or selector that are created while the capture runs',
  },
  path: {
    help: 'Capture the traffic between two targets at every device on the path between them: --path pod-1 pod-2. Requires -w or --wireshark',
  },
  'with-clients': { help: 'Also capture pods that connect to the captured ones' },
  count: { alias: 'c', value: count(), help: 'Stop after this many packets' },
  'snapshot-length': {
    alias: 's',
    value: SNAPSHOT_LENGTH,
    help: 'Record this many bytes of each packet; 128 is enough for headers (default all)',
  },
  duration: { value: DURATION, help: 'Stop after this time: 90s, 60m, 1h30m' },
  'max-size': {
    value: SIZE,
    help: 'Stop before the output exceeds this size: 100MB, 64MiB, 1G; a bare number is MB',
  },
  ...RING_FLAGS,
  detach: {
    help: 'Keep recording in the cluster after this command exits; see: kubectl netdebug captures --help',
  },
  name: { value: anyText('NAME'), help: 'With --detach: name of the capture' },
  volume: {
    value: anyText('NAME', 'volumes'),
    help: 'With --detach: record on this volume of the pod',
  },
  keep: {
    value: DURATION,
    help: 'With --detach: how long to keep the files after the capture ends (default 7d)',
  },
  force: { help: 'Overwrite FILE if it exists' },
  stream: { help: 'Stream packets directly, without storing them in the pod first' },
  linger: {
    value: DURATION,
    default: '60s',
    help: 'How long the pod keeps recording after the connection drops',
  },
} as const satisfies FlagTable;

/** The parsed values of all options of `capture`. */
export type CaptureValues = FlagValues<typeof CAPTURE_FLAGS> & TargetValues & DebuggerValues;
