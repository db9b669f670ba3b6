import type { NetworkFinding } from '../findings/finding.ts';
import { policyVerdicts } from '../findings/serviceChecks.ts';
import { pathDocument, unknownOf } from '../render/pathDocument.ts';
import { headLine, isSamePathBack, noFindingsText, translationText } from '../render/renderPath.ts';
import type { PathTrace } from '../trace/tracePath.ts';
import type { Graph } from './graph.ts';
import { nodeGraph } from './nodeGraph.ts';
import { pathGraph } from './pathGraph.ts';

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
  const { request, topology, paths } = trace;
  const node =
    request.from.kind === 'node' && request.to === undefined ? request.from.place : undefined;
  const forwardPath = paths[0];
  const graphs = node
    ? [nodeGraph(topology, node, findings)]
    : paths
        .filter((path, index) => index === 0 || !isSamePathBack(forwardPath, path))
        .map((path) => pathGraph(path, findings, path.direction === 'back' ? 'Back' : ''));
  const isSymmetric = paths.length > 1 && graphs.length === 1;
  return {
    title: node ? `node ${node.node.name}` : headLine(pathDocument(trace, findings), trace),
    graphs,
    notes: [
      ...paths.flatMap(({ nat }) => nat).map(translationText),
      ...policyVerdicts(trace).map(
        ({ namespace, name, direction, pod, verdict }) =>
          `NetworkPolicy ${namespace}/${name}, ${direction} of ${pod}: ${verdict}`,
      ),
      ...(isSymmetric && !node ? ['Back: the same path.'] : []),
    ],
    findings,
    ...(findings.length === 0 && { nothing: noFindingsText(trace) }),
    unknown: unknownOf(trace).map(({ where, what, why }) => {
      const location = [where.node, where.pod, where.device].filter(Boolean).join(', ');
      return `${what}${location === '' ? '' : ` on ${location}`}: ${why}`;
    }),
    collectedAt: topology.facts.collectedAt,
  };
}

/** The place of a finding, in words. */
export function placeText({ node, pod, device }: NetworkFinding['where']): string {
  return [node, pod === undefined ? undefined : `pod ${pod}`, device].filter(Boolean).join(', ');
}
