import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SEGMENT } from '../../../../src/reading/tcp/segmentBits.ts';
import { FilesForTest } from '../../pcap/wireshark.ts';
import { FOLDER } from './captures.ts';
import { Comparison } from './facts.ts';
import type { FoundSegment, Ours } from './ours.ts';

/** Wireshark's fields, of which a fast or spurious retransmission has two. */
const FIELDS = {
  retransmission: SEGMENT.retransmission,
  fast_retransmission: SEGMENT.fastRetransmission,
  spurious_retransmission: SEGMENT.spuriousRetransmission,
  out_of_order: SEGMENT.outOfOrder,
  duplicate_ack: SEGMENT.duplicateAck,
  lost_segment: SEGMENT.lost,
  ack_lost_segment: SEGMENT.ackLost,
  zero_window: SEGMENT.zeroWindow,
  zero_window_probe: SEGMENT.zeroWindowProbe,
  zero_window_probe_ack: SEGMENT.zeroWindowProbeAck,
  window_full: SEGMENT.windowFull,
  window_update: SEGMENT.windowUpdate,
  keep_alive: SEGMENT.keepAlive,
  keep_alive_ack: SEGMENT.keepAliveAck,
} as const;

const NAMES = Object.keys(FIELDS) as (keyof typeof FIELDS)[];

export function tsharkComparison() {
  return new Comparison<FoundSegment>([
    {
      why: 'the packet is a copy of one captured within 3 ms: no retransmission for us',
      explains: (_fact, { isCopy }) => isCopy,
    },
    {
      why: 'a segment of a connection with copies: Wireshark’s counters have the copies in them',
      explains: (_fact, { conversation }) => conversation.copies > 0,
    },
  ]);
}

/** Compares the analysis of each TCP segment with tshark, field by field, interface by interface. */
export async function compareTshark(
  comparison: Comparison<FoundSegment>,
  capture: string,
  ours: Ours,
): Promise<void> {
  const { interfaces } = ours.summarizer;
  for (const on of interfaces) {
    const numbers = interfaces.length > 1 ? (ours.numbers.get(on.numberInFile) ?? []) : undefined;
    for (const line of await analyse(capture, numbers && on.numberInFile)) {
      const [shown = '', ...values] = line.split('\t');
      const number = numbers?.[Number(shown) - 1] ?? Number(shown);
      const segment = ours.segments.get(number);
      if (!segment) continue;
      const isKind =
        values[NAMES.indexOf('fast_retransmission')] ||
        values[NAMES.indexOf('spurious_retransmission')];
      for (const [index, name] of NAMES.entries()) {
        const theirs = values[index] !== '' && !(name === 'retransmission' && isKind);
        const mine = (segment.found & FIELDS[name]) !== 0;
        const fact = {
          capture,
          subject: `${number}`,
          field: name,
          ours: `${mine}`,
          theirs: `${theirs}`,
        };
        comparison.add(fact, segment);
      }
    }
  }
}

const MAX_OUTPUT = { maxBuffer: 256 * 1024 * 1024 };
const execute = promisify(execFile);

/**
 * With the renumbered packets of one interface, because Wireshark analyses a connection over all interfaces of a file,
 * even those that a filter excludes.
 */
async function analyse(capture: string, interfaceNumber: number | undefined): Promise<string[]> {
  using files = new FilesForTest();
  const capturePath = join(FOLDER, capture);
  const path = interfaceNumber === undefined ? capturePath : files.path('one.pcapng');
  if (interfaceNumber !== undefined) {
    const only = `frame.interface_id == ${interfaceNumber}`;
    await execute('tshark', ['-n', '-r', capturePath, '-Y', only, '-w', path]);
  }
  const names = ['frame.number', ...NAMES.map((name) => `tcp.analysis.${name}`)];
  const fields = names.flatMap((name) => ['-e', name]);
  const argv = ['-n', '-r', path, '-Y', 'tcp', '-T', 'fields', '-E', 'occurrence=l', ...fields];
  const { stdout } = await execute('tshark', argv, MAX_OUTPUT);
  return stdout.split('\n').filter((line) => line !== '');
}
