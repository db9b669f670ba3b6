import type { NetworkFinding } from '../findings/finding.ts';
import { policyVerdicts } from '../findings/serviceChecks.ts';
import { pathDocument, unknownOf } from '../render/pathDocument.ts';
import { headLine, isSameWayBack, nothingWrong, translationText } from '../render/renderPath.ts';
import type { PathTrace } from '../trace/tracePath.ts';
import type { Graph } from './graph.ts';
import { nodeGraph } from './nodeGraph.ts';
import { wayGraph } from './wayGraph.ts';

/** The contents of a picture of a path or a node. Texts are not yet escaped for any format. */
export interface Picture {
  readonly title: string;
  readonly graphs: readonly Graph[];
  /** Translations and policies. */
  readonly notes: readonly string[];
  readonly findings: readonly NetworkFinding[];
  /** The text for a picture without findings; absent if there are findings. */
  readonly nothing?: string;
  readonly unknown: readonly string[];
  /** When the facts were collected: RFC 3339. */
  readonly collectedAt: string;
}

/** Makes the picture of a path, or of a node if the request begins at a node and has no destination. */
export function pictureOf(trace: PathTrace, findings: readonly NetworkFinding[]): Picture {
  const { request, wiring, ways } = trace;
  const node =
    request.from.kind === 'node' && request.to === undefined ? request.from.place : undefined;
  const there = ways[0];
  const graphs = node
    ? [nodeGraph(wiring, node, findings)]
    : ways
        .filter((way, at) => at === 0 || !isSameWayBack(there, way))
        .map((way) => wayGraph(way, findings, way.direction === 'back' ? 'Back' : ''));
  const isSameBack = ways.length > 1 && graphs.length === 1;
  return {
    title: node ? `node ${node.node.name}` : headLine(pathDocument(trace, findings), trace),
    graphs,
    notes: [
      ...ways.flatMap(({ nat }) => nat).map(translationText),
      ...policyVerdicts(trace).map(
        ({ namespace, name, direction, pod, verdict }) =>
          `NetworkPolicy ${namespace}/${name}, ${direction} of ${pod}: ${verdict}`,
      ),
      ...(isSameBack && !node ? ['Back: the same path.'] : []),
    ],
    findings,
    ...(findings.length === 0 && { nothing: nothingWrong(trace) }),
    unknown: unknownOf(trace).map(({ where, what, why }) => {
      const place = [where.node, where.pod, where.device].filter(Boolean).join(', ');
      return `${what}${place === '' ? '' : ` on ${place}`}: ${why}`;
    }),
    collectedAt: wiring.facts.collectedAt,
  };
}

/** The place of a finding, in words. */
export function placeText({ node, pod, device }: NetworkFinding['where']): string {
  return [node, pod === undefined ? undefined : `pod ${pod}`, device].filter(Boolean).join(', ');
}
