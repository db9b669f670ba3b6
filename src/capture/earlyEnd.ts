import type { Notice } from '../notice.ts';
import { clockText, countText } from '../output/quantities.ts';
import { FIRST_SIGNAL } from './exitCode.ts';
import type { Outage } from './outage.ts';

/** The class of an unexpected end. Like the kinds of problems, these words are stable; tests and manifests use them. */
export type EarlyEndKind =
  /** The pod had not heard from its client. */
  | 'client-silent'
  /** The free space on the node's disk fell below what captures must leave free. */
  | 'disk-low'
  /** The node's disk is full. */
  | 'disk-full'
  /** The container was terminated, or no longer exists. */
  | 'container-ended'
  /** The recorder's script was killed, possibly with its container. */
  | 'recorder-killed'
  /** The program that records was killed or terminated by a signal. */
  | 'engine-killed'
  /** The program that records reported an error. */
  | 'engine-failed'
  /** The program that records ended with success, although nothing had asked it to end. */
  | 'engine-exited'
  /** The interface disappeared. */
  | 'interface-gone'
  /** The interface returned with another link type, which the output cannot hold. */
  | 'link-type-changed'
  /** A recorder of another version reported a reason that this version does not know. */
  | 'unknown';

/** An unexpected end of a recording: not caused by a stop or by a bound. */
export interface EarlyEnd {
  readonly kind: EarlyEndKind;
  /** When recording ended, in seconds since 1970, if known. */
  readonly at?: number | undefined;
  readonly why: string;
  /** How many packets were lost with a disappeared interface. */
  readonly lost?: LostPackets | undefined;
  /** What to do about it. */
  readonly next: readonly string[];
}

/** Packets that the kernel still held when their interface disappeared; null when their number is not known. */
export type LostPackets = number | null;

/** How a recording ended. */
export interface EndedRecording {
  /** The recorder's word, from `why` in its state. */
  readonly why: string;
  readonly exit: number;
  readonly at?: number | undefined;
  readonly engine: string;
  readonly device: string;
  /** In order of time. */
  readonly outages: readonly Outage[];
  /** The engine's messages. */
  readonly messages: readonly string[];
}

const KILL = 9;

/** Ends that were requested. */
const ASKED: ReadonlySet<string> = new Set(['stopped', 'duration', 'size', 'complete']);

const NARROWER = ['use a narrower filter, -s 128, or a smaller ring'];

/** By the recorder's word. */
const CAUSES: Readonly<Record<string, Omit<EarlyEnd, 'at'>>> = {
  lease: {
    kind: 'client-silent',
    why: 'the pod had not heard from this client',
    next: ['was this computer asleep, or offline? Start the capture again'],
  },
  floor: {
    kind: 'disk-low',
    why: "the free space on the node's disk fell below what captures must leave free",
    next: NARROWER,
  },
  full: { kind: 'disk-full', why: "the node's disk is full", next: NARROWER },
  ended: {
    kind: 'container-ended',
    why: 'its container was terminated, for example because the pod was deleted or lost its sandbox',
    next: [],
  },
  interrupted: {
    kind: 'recorder-killed',
    why: 'its recorder was killed, possibly with its container',
    next: [],
  },
};

/** Why and when a recording ended unexpectedly; undefined if it ended as requested. */
export function earlyEnd(ended: EndedRecording): EarlyEnd | undefined {
  const { why, at } = ended;
  const outage = ended.outages.at(-1);
  if (outage && outage.to === undefined) return interfaceDisappeared(ended.device, outage);
  if (why === 'engine') return { at, ...engineEnd(ended), next: [] };
  if (ASKED.has(why)) return undefined;
  const unknown = { kind: 'unknown', why: `the recorder ended: ${why}`, next: [] } as const;
  return { at, ...(CAUSES[why] ?? unknown) };
}

/** The part of a recorder's state that describes its end. */
interface RecorderEndState extends Pick<EndedRecording, 'engine' | 'device' | 'outages'> {
  readonly phase: string;
  readonly end?: Pick<EndedRecording, 'why' | 'exit' | 'at'>;
}

/** The same for a recorder's state, including a recorder that waits for its interface. */
export function earlyEndOf(
  state: RecorderEndState,
  messages: readonly string[],
): EarlyEnd | undefined {
  const { end, device, outages } = state;
  if (end) return earlyEnd({ ...state, ...end, messages });
  const outage = outages.at(-1);
  return state.phase === 'waiting' && outage ? interfaceDisappeared(device, outage) : undefined;
}

/** The end of a recording whose interface disappeared. */
export function interfaceDisappeared(
  device: string,
  { from, lost }: Pick<Outage, 'from' | 'lost'>,
): EarlyEnd {
  return {
    kind: 'interface-gone',
    at: from,
    why: `${device} disappeared`,
    lost: lost ?? null,
    next: ['with -i any, recording continues when this happens'],
  };
}

function engineEnd({ engine, exit, messages }: EndedRecording): Pick<EarlyEnd, 'kind' | 'why'> {
  const signal = exit - FIRST_SIGNAL;
  if (signal > 0) {
    const why =
      signal === KILL
        ? `${engine} was killed (signal 9, possibly out of memory)`
        : `${engine} was terminated by signal ${signal}`;
    return { kind: 'engine-killed', why };
  }
  if (exit === 0) return { kind: 'engine-exited', why: `${engine} exited on its own` };
  const last = messages.findLast((line) => line.startsWith(`${engine}: `));
  const quoted = last === undefined ? '' : ` (${last})`;
  return { kind: 'engine-failed', why: `${engine} failed with exit code ${exit}${quoted}` };
}

/** What the user reads about it at the end. */
export function earlyEndNotice(early: EarlyEnd): Notice {
  return { kind: 'ended-early', text: `ENDED EARLY: ${earlyEndText(early)}`, next: early.next };
}

/** What happened to an interface, and when. */
export function outageNotice({ from, to, lost }: Outage, device: string): Notice {
  const disappearance = `${device} disappeared at ${clockText(from * 1000)}`;
  const packets = lostText(lost ?? null);
  if (to === undefined) return { kind: 'interface-gone', text: `${disappearance}${packets}` };
  const back = `returned at ${clockText(to * 1000)}`;
  return {
    kind: 'interface-back',
    text: `${disappearance} and ${back}: recording resumed; nothing was recorded for ${to - from} s${packets}`,
  };
}

/** What was lost with an interface; empty if it is known that nothing was lost. */
function lostText(lost: LostPackets): string {
  if (lost === 0) return '';
  return lost === null
    ? '; packets that had not been read by then are lost (number unknown)'
    : `; ${countText(lost, 'packet')} that had not been read by then ${lost === 1 ? 'is' : 'are'} lost`;
}

/** `net1 disappeared at 13:04:41; 3 packets that had not been read by then are lost` */
export function earlyEndText({ at, why, lost = 0 }: Omit<EarlyEnd, 'kind' | 'next'>): string {
  return `${why}${at === undefined ? '' : ` at ${clockText(at * 1000)}`}${lostText(lost)}`;
}
