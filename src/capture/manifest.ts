import type { Moment } from '../pcap/moment.ts';
import type { LostPackets } from './earlyEnd.ts';
import type { Unmatched } from './unmatched.ts';

/** The file's name in the folder of a capture. */
export const MANIFEST_NAME = 'capture.json';

/** Where a capture was made, and of what: the same for every file of it. */
export interface CaptureOrigin {
  /** The capture's name. */
  readonly capture: string;
  /** What the user named: `deploy/web`. */
  readonly target: string;
  readonly namespace: string;
  readonly pod: string;
  readonly podUid: string;
  /** The debugger's container. */
  readonly container: string;
  readonly node?: string;
  readonly image?: string;
  /** The pod's volume that the spool is on; without one it is in the container. */
  readonly volume?: string;
  /** Present when only packets that match a filter were fetched. */
  readonly filtered?: FilteredCapture;
}

/** Which packets of a capture the files hold: those that match one of the two. */
export interface FilteredCapture {
  readonly displayFilter?: string;
  readonly captureFilter?: string;
  /** What evaluated it: `tshark in the pod`, `tshark 4.0.17`, `netdebug`. */
  readonly by: string;
  readonly wholeCapture: false;
}

/** What is known of one capture, written beside its files as capture.json. No loss is left out. */
export interface Manifest extends CaptureOrigin {
  readonly version: 1;
  readonly engine?: string;
  readonly device?: string;
  /** The recorder's command line. */
  readonly argv?: string;
  /** ISO 8601, UTC; as are all times here. */
  readonly started?: string;
  /** Whether it was still recording when this was written. */
  readonly recording: boolean;
  readonly ended?: string;
  /** Why it ended, in the recorder's word: stopped, duration, size, complete, full … */
  readonly why?: string;
  /** Present when it ended, or nothing is recorded now, although neither a stop nor a bound had asked for that. */
  readonly endedEarly?: Pick<RecordingInterruption, 'at' | 'why' | 'lost'>;
  /** The recorder's exit code. */
  readonly exit?: number;
  /** Packets, as the recorder counted them; absent where it has not said. */
  readonly captured?: number;
  readonly received?: number;
  readonly dropped?: number;
  /** Present when it ended without a packet: what else there was meanwhile. */
  readonly unmatched?: Unmatched;
  readonly files: readonly ManifestFile[];
  /** Files that the ring removed before they were copied. */
  readonly gaps: readonly MissingFiles[];
  readonly interruptions: readonly RecordingInterruption[];
  /** When this was written. */
  readonly written: string;
}

/**
 * - size+walk: it has the size that it has in the pod, and a walk through it found whole packets from its first byte
 *   to its last
 * - sha256: it also has the checksum that the pod computed of its file
 */
export type Verification = 'size+walk' | 'sha256';

/**
 * - whole: as it was in the pod, proven as far as `verified` says
 * - partial: its first packets, all of them whole; more can follow while the pod has it
 * - copying: under way, or left so by a fetch that was cut
 * - lost: it existed and can no longer be copied
 */
export type FileState = 'whole' | 'partial' | 'copying' | 'lost';

export interface ManifestFile {
  /** Its number in the order of recording, from 1. */
  readonly seq: number;
  /** In this folder; absent while nothing of it is. */
  readonly name?: string;
  readonly state: FileState;
  /** Bytes here. */
  readonly size: number;
  /** Bytes in the pod, where they are more. */
  readonly recorded?: number;
  /** What proves the bytes here; see Verification. */
  readonly verified?: Verification;
  /** Of the local copy. */
  readonly sha256?: string;
  /** Why the pod made no checksum of the file although that was asked for. */
  readonly unverified?: string;
  readonly packets: number;
  readonly first?: string;
  readonly last?: string;
  /** What else there is to say: a torn end, why it is partial or lost. */
  readonly note?: string;
}

export interface MissingFiles {
  /** Numbers of the first and of the last file missing. */
  readonly first: number;
  readonly last: number;
  readonly why: string;
}

/** A time in which nothing was recorded though it should have been. */
export interface RecordingInterruption {
  /** When it began, where that is known. */
  readonly at?: string;
  /** When recording resumed; absent when it did not. */
  readonly until?: string;
  readonly why: string;
  /** Packets that were lost with an interface; null when their number is not known. */
  readonly lost?: LostPackets;
}

/** `2026-11-24T13:05:01.123456Z`; nanoseconds only where there are some. */
export function packetTimeText({ seconds, nanoseconds }: Moment): string {
  const whole = new Date(seconds * 1000).toISOString().slice(0, -'.000Z'.length);
  const digits = nanoseconds % 1000 === 0 ? 6 : 9;
  return `${whole}.${String(nanoseconds).padStart(9, '0').slice(0, digits)}Z`;
}
