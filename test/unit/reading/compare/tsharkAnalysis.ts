import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SEGMENT } from '../../../../src/reading/tcp/segmentBits.ts';
import { FilesForTest } from '../../pcap/wireshark.ts';
import { FOLDER } from './captures.ts';
import { Comparison } from './facts.ts';
import type { FoundSegment, Ours } from './ours.ts';
import {
  ANALYSIS_FIELDS,
  type AnalysisField,
  readWithTshark,
  type TsharkOutput,
  type TsharkPacket,
  tsharkOutput,
} from './tsharkPackets.ts';

/** A fast or spurious retransmission is also a retransmission for Wireshark. */
const BITS: Readonly<Record<AnalysisField, number>> = {
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
};

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
    for (const packet of await segmentsOf(capture, numbers && on.numberInFile)) {
      const shown = Number(packet.get('frame.number')?.[0]);
      const number = numbers?.[shown - 1] ?? shown;
      const segment = ours.segments.get(number);
      if (!segment) continue;
      // The innermost segment is the last one.
      const has = (name: AnalysisField) => Boolean(packet.get(`tcp.analysis.${name}`)?.at(-1));
      const isKind = has('fast_retransmission') || has('spurious_retransmission');
      for (const name of ANALYSIS_FIELDS) {
        const theirs = has(name) && !(name === 'retransmission' && isKind);
        const mine = (segment.flags & BITS[name]) !== 0;
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

/** The TCP segments of a capture, or of one of its interfaces, whose packets are then numbered from 1. */
async function segmentsOf(
  capture: string,
  interfaceNumber: number | undefined,
): Promise<readonly TsharkPacket[]> {
  const output = await (interfaceNumber === undefined
    ? tsharkOutput(capture)
    : outputOfInterface(capture, interfaceNumber));
  if (output.error !== undefined) throw output.error;
  return output.packets.filter((packet) => packet.has('tcp'));
}

const execute = promisify(execFile);

/**
 * From a file with the packets of one interface, because Wireshark analyses a connection over all interfaces of a file,
 * even those that a filter excludes.
 */
async function outputOfInterface(capture: string, interfaceNumber: number): Promise<TsharkOutput> {
  using files = new FilesForTest();
  const path = files.path('one.pcapng');
  const only = `frame.interface_id == ${interfaceNumber}`;
  await execute('tshark', ['-n', '-r', join(FOLDER, capture), '-Y', only, '-w', path]);
  return await readWithTshark(path);
}
