import type { CaptureInterface } from '../captureInterface.ts';
import type { Note } from '../notes.ts';
import type { PointView } from './pointView.ts';

/** One connection, as seen at two adjacent points. */
export interface JoinedConnection {
  /** At the point closer to the client. */
  readonly near: PointView;
  readonly far: PointView;
}

/** The clock of the second point relative to that of the first. Nanoseconds. */
export interface ClockOffset {
  /** How far the clock is ahead; negative if it is behind. */
  readonly offset: number;
  /** The maximum error of the offset: half the round-trip time between the points. */
  readonly uncertainty: number;
}

/** The packets of one direction between two points. */
export interface DirectionComparison {
  /** Packets seen at the first point on their way while both points were recording. */
  readonly packets: number;
  /** Packets that never arrived at the other point. */
  readonly lost: number;
  /** Lost packets that carry data, or open or close a connection. */
  readonly lostData: number;
  /** Packets seen only at their destination. */
  readonly unseen: number;
  /** The lost packets, with numbers and times of the point that saw them. */
  readonly note: Note;
  /** Resets seen only at their destination, which neither end sent. */
  readonly foreignResets: Note;
  readonly resetConnection: PointView | undefined;
  /** The first connections that lost packets. */
  readonly connections: readonly PointView[];
  /** Serial numbers of the conversations that lost packets, at the first point on their way. */
  readonly losing: ReadonlySet<number>;
  /** Whether more conversations lost packets. */
  readonly hasMoreLosing: boolean;
}

/** Two adjacent points of capture on the path of connections that both saw. */
export interface PointComparison {
  readonly first: CaptureInterface;
  /** The same as the first if one interface saw connections before and after translation. */
  readonly second: CaptureInterface;
  /** The number of connections that both saw; `connections` contains the first ones. */
  readonly joined: number;
  /** The number of connections with different addresses or ports, due to NAT between the points. */
  readonly translated: number;
  readonly connections: readonly JoinedConnection[];
  /** Undefined if both points saw packets of one direction only. */
  readonly clock: ClockOffset | undefined;
  readonly toSecond: DirectionComparison;
  readonly toFirst: DirectionComparison;
  /** Not all packets were remembered, so the figures cover only the first ones. */
  readonly isPartial: boolean;
}
