import type { Moment } from '../pcap/moment.ts';
import type { EarlyEndKind, LostPackets } from './earlyEnd.ts';
import type { Unmatched } from './unmatched.ts';

/** The file's name in the folder of a capture. */
export const MANIFEST_NAME = 'capture.json';

/** Where and of what a capture was made: the same for all its files. */
export interface CaptureOrigin {
  /** The capture's name. */
  readonly capture: string;
  /** What the user named: `deploy/web`. */
  readonly target: string;
  readonly namespace: string;
  readonly pod: string;
  readonly podUid: string;
  /** The container of the debugger. */
  readonly container: string;
  readonly node?: string;
  readonly image?: string;
  /** The pod's volume that contains the spool; absent if the spool is in the container. */
  readonly volume?: string;
  /** Present when only packets that match a filter were fetched. */
  readonly filtered?: FilteredCapture;
}

/** The filter that selected the packets in the files: one of the two expressions. */
export interface FilteredCapture {
  readonly displayFilter?: string;
  readonly captureFilter?: string;
  /** The program that evaluated the filter: `tshark in the pod`, `tshark 4.0.17`, `netdebug`. */
  readonly by: string;
  readonly wholeCapture: false;
}

/** What is known about one capture, written next to its files as capture.json. Every loss is listed. */
export interface Manifest extends CaptureOrigin {
  readonly version: 1;
  readonly engine?: string;
  readonly device?: string;
  /** The recorder's command line. */
  readonly argv?: string;
  /** ISO 8601 in UTC, like all times here. */
  readonly started?: string;
  /** Whether it was still recording when the manifest was written. */
  readonly recording: boolean;
  readonly ended?: string;
  /** Why it ended, as reported by the recorder: stopped, duration, size, complete, full … */
  readonly why?: string;
  /** Present if it ended, or records nothing at present, although neither a stop nor a bound caused that. */
  readonly endedEarly?: Omit<RecordingInterruption, 'until'>;
  /** The recorder's exit code. */
  readonly exit?: number;
  /** Packets, as counted by the recorder; absent if it has not reported a count. */
  readonly captured?: number;
  readonly received?: number;
  readonly dropped?: number;
  /** Present if it ended without a packet: what happened in the meantime. */
  readonly unmatched?: Unmatched;
  readonly files: readonly ManifestFile[];
  /** Files that the ring removed before they were copied. */
  readonly gaps: readonly MissingFiles[];
  readonly interruptions: readonly RecordingInterruption[];
  /** When the manifest was written. */
  readonly written: string;
}

/**
 * - size+walk: the size is the same as in the pod, and a walk through the file found whole packets from the first byte
 *   to the last
 * - sha256: in addition, the checksum is the same as the one that the pod computed
 */
export type Verification = 'size+walk' | 'sha256';

/**
 * - whole: the file as it was in the pod, verified as `verified` says
 * - partial: the first packets of the file, all of them whole; more can follow while the pod has the file
 * - copying: being copied, or left by an interrupted fetch
 * - lost: the file existed and can no longer be copied
 */
export type FileState = 'whole' | 'partial' | 'copying' | 'lost';

export interface ManifestFile {
  /** The file's number in the order of recording, from 1. */
  readonly seq: number;
  /** The name in this folder; absent if nothing of the file is here. */
  readonly name?: string;
  readonly state: FileState;
  /** Size of the local copy in bytes. */
  readonly size: number;
  /** Size in the pod in bytes, if larger. */
  readonly recorded?: number;
  /** How the local copy was verified; see Verification. */
  readonly verified?: Verification;
  /** Checksum of the local copy. */
  readonly sha256?: string;
  /** Why the pod did not compute a checksum although one was requested. */
  readonly unverified?: string;
  readonly packets: number;
  readonly first?: string;
  readonly last?: string;
  /** Other remarks: an incomplete end, or why the file is partial or lost. */
  readonly note?: string;
}

export interface MissingFiles {
  /** Numbers of the first and the last missing file. */
  readonly first: number;
  readonly last: number;
  readonly why: string;
}

/** A time in which nothing was recorded although it should have been. */
export interface RecordingInterruption {
  /** When it started, if known. */
  readonly at?: string;
  /** When recording resumed; absent if it did not. */
  readonly until?: string;
  readonly kind: EarlyEndKind;
  readonly why: string;
  /** Packets that were lost with an interface; null if their number is not known. */
  readonly lost?: LostPackets;
}

/** `2026-11-24T13:05:01.123456Z`; nanoseconds only if there are any. */
export function packetTimeText({ seconds, nanoseconds }: Moment): string {
  const whole = new Date(seconds * 1000).toISOString().slice(0, -'.000Z'.length);
  const digits = nanoseconds % 1000 === 0 ? 6 : 9;
  return `${whole}.${String(nanoseconds).padStart(9, '0').slice(0, digits)}Z`;
}
