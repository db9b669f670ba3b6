import type { Route } from '../../tools/ip/route.ts';

/** A question to the kernel (`ip -j -d route get …`) in one network namespace, and the answer. */
export interface RouteAnswer {
  readonly question: RouteQuestion;
  /** The exit code of ip: 0 if there is a route, 2 if the kernel refuses. */
  readonly code: number;
  readonly route?: Route;
  /** What ip printed instead of a route: "RTNETLINK answers: Network is unreachable". */
  readonly error?: string;
}

export interface RouteQuestion {
  readonly to: string;
  readonly from?: string;
  /** The layer-3 device on which the packet arrives: a bridge, never its port. */
  readonly inputDevice?: string;
  /** The following fields are only set if routing rules select by them. */
  readonly mark?: string;
  readonly protocol?: 'tcp' | 'udp';
  readonly sourcePort?: number;
  readonly destinationPort?: number;
}

/** A question to ask on a node. */
export interface PlacedQuestion {
  readonly node: string;
  /** The inode of the namespace to ask in. */
  readonly netns: number;
  readonly question: RouteQuestion;
}
