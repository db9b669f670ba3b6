import type { CaptureInterface } from '../captureInterface.ts';
import type { Note } from '../notes.ts';
import type { PointView } from './pointView.ts';

/** One connection, as two neighbouring points saw it. */
export interface JoinedConnection {
  /** At the point nearer to the client. */
  readonly near: PointView;
  readonly far: PointView;
}

/** The clock of the second point, compared with that of the first. Nanoseconds. */
export interface ClockOffset {
  /** How far it is ahead; negative when it is behind. */
  readonly offset: number;
  /** The offset is right within this: half the round trip between the points. */
  readonly uncertainty: number;
}

/** Packets of one direction, between two points. */
export interface WayComparison {
  /** Packets that were seen where they came from, while both points recorded. */
  readonly packets: number;
  /** Those of them that never reached the other point. */
  readonly lost: number;
  /** Those of the lost that carry data or open or close a connection. */
  readonly lostData: number;
  /** Packets that were seen at their destination only. */
  readonly unseen: number;
  /** The lost packets: numbers and times of the point that saw them. */
  readonly note: Note;
  /** Resets that were seen at their destination only: neither end sent them. */
  readonly foreignResets: Note;
  readonly resetConnection: PointView | undefined;
  /** Connections that lost packets: the first few. */
  readonly connections: readonly PointView[];
  /** Serial numbers of the conversations that lost packets, where these came from. */
  readonly losing: ReadonlySet<number>;
  /** There are more of them. */
  readonly hasMoreLosing: boolean;
}

/** Two points of capture, next to each other on the way of connections that both saw. */
export interface PointComparison {
  readonly first: CaptureInterface;
  /** The same as the first for connections that one interface saw before and after translation. */
  readonly second: CaptureInterface;
  /** Connections that both saw; `connections` has the first of them. */
  readonly joined: number;
  /** Those of them whose addresses or ports differ: NAT between the points. */
  readonly translated: number;
  readonly connections: readonly JoinedConnection[];
  /** Undefined where packets of one direction alone were seen twice. */
  readonly clock: ClockOffset | undefined;
  readonly toSecond: WayComparison;
  readonly toFirst: WayComparison;
  /** Not all packets were remembered: these are figures of the first ones. */
  readonly isPartial: boolean;
}
