import type { Route } from '../../tools/ip/route.ts';

/** A question to the kernel (`ip -j -d route get …`) and its answer, in one network namespace. */
export interface RouteAnswer {
  readonly question: RouteQuestion;
  /** The exit code of ip: 0 with a route, 2 with a refusal. */
  readonly code: number;
  readonly route?: Route;
  /** What ip printed instead: "RTNETLINK answers: Network is unreachable". */
  readonly error?: string;
}

export interface RouteQuestion {
  readonly to: string;
  readonly from?: string;
  /** The layer-3 device that the packet comes in by: the bridge, never its port. */
  readonly inputDevice?: string;
  /** Only where rules select by them. */
  readonly mark?: string;
  readonly protocol?: 'tcp' | 'udp';
  readonly sourcePort?: number;
  readonly destinationPort?: number;
}

/** A question that is to be asked on a node. */
export interface PlacedQuestion {
  readonly node: string;
  /** The inode of the namespace in which it is asked. */
  readonly netns: number;
  readonly question: RouteQuestion;
}
