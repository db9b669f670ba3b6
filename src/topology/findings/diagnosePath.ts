import type { Fault } from '../trace/oneWayPath.ts';
import type { PathTrace } from '../trace/tracePath.ts';
import { findingOf, KINDS } from './catalogue.ts';
import { type ExplainedFault, withCauses } from './causes.ts';
import type { NetworkFinding } from './finding.ts';
import { pathFaults } from './pathChecks.ts';
import { serviceFaults } from './serviceChecks.ts';
import { stateFaults } from './stateChecks.ts';

const SEVERITIES = ['error', 'warning', 'info'] as const;

/** What is wrong on a path. Each finding is listed once: independent ones first, then by severity. */
export function diagnosePath(trace: PathTrace): NetworkFinding[] {
  const faults = [
    ...stateFaults(trace).filter(({ kind }) => KINDS[kind]?.layer === 1),
    ...trace.paths.flatMap(({ faults }) => faults),
    ...pathFaults(trace),
    ...serviceFaults(trace),
    ...stateFaults(trace).filter(({ kind }) => KINDS[kind]?.layer !== 1),
  ];
  const seenKeys = new Set<string>();
  const explainedFaults: ExplainedFault[] = [];
  for (const fault of faults) {
    const key = keyOf(fault);
    if (seenKeys.has(key)) continue;
    seenKeys.add(key);
    explainedFaults.push({ finding: findingOf(fault), fault });
  }
  return withCauses(explainedFaults).toSorted(
    (a, b) =>
      Number(a.causedBy !== undefined) - Number(b.causedBy !== undefined) ||
      SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity),
  );
}

/** The identity of a finding: a fault met in both directions counts once, and so does a difference met at both ends. */
function keyOf({ kind, where: { node, netns, device }, values }: Fault): string {
  switch (kind) {
    case 'tunnel-mismatch':
      return kind;
    case 'duplicate-address':
      return [kind, values.address].join(' ');
    case 'port-isolated':
      return [kind, node, netns, ...[values.device, values.other].toSorted()].join(' ');
    default:
      return [kind, node, netns, device].join(' ');
  }
}
