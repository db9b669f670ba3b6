import type { Pod } from '../../kube/pod.ts';
import { type Problem, wrongUsage } from '../../problem.ts';
import { tsharkComplaint } from '../../tools/tshark.ts';
import { hasProcessorToSpare, memoryLimit } from './podLimits.ts';

/** Selects packets: a Wireshark display filter or a pcap-filter(7) expression. */
export interface PacketFilter {
  readonly language: 'display' | 'capture';
  readonly text: string;
}

/** A filter that a program in the pod evaluates. */
export interface PodFilter extends PacketFilter {
  /** The image's tcpdump changes its user when started as root, so it must be told to stay root. */
  readonly changesUser: boolean;
}

/** The program that evaluates a filter. */
export function filterProgram({ language }: PacketFilter): 'tshark' | 'tcpdump' {
  return language === 'display' ? 'tshark' : 'tcpdump';
}

/** Arguments of the verb `filter` for this filter. */
export function filterArguments({ language, text, changesUser }: PodFilter): string[] {
  if (language === 'display') return [`display=${text}`];
  return [`expression=${text}`, ...(changesUser ? ['zroot=1'] : [])];
}

/** Bytes of memory that tshark needs: 150 MB, plus its state for a file's conversations. */
const TSHARK_BYTES = 500e6;

/** Why a filter cannot be evaluated in the pod; undefined if it can. `tools`: programs in the pod's image. */
export function podFilterProblem(
  filter: PacketFilter,
  tools: ReadonlySet<string>,
  pod: Pod,
): string | undefined {
  const program = filterProgram(filter);
  for (const required of [program, 'gzip'])
    if (!tools.has(required)) return `the image has no ${required}`;
  if (!hasProcessorToSpare(pod)) return "the pod's CPU limit is too low for a filter";
  const memory = memoryLimit(pod);
  if (program === 'tshark' && memory !== undefined && memory < TSHARK_BYTES)
    return "the pod's memory limit is too low for tshark";
  return undefined;
}

/** Whether the program's only error is that the file ends inside a packet. */
export function isOnlyTruncated(message: string): boolean {
  return /cut short in the middle of a packet|truncated dump file/.test(message);
}

export function filterFailure({ language, text }: PacketFilter, message: string): Problem {
  const why =
    language === 'display'
      ? tsharkComplaint(message)
      : (/^tcpdump: (?!.*reading from)(.+)$/m.exec(message)?.[1] ?? message);
  return wrongUsage(`the filter does not work in the pod: ${text}`, why);
}
