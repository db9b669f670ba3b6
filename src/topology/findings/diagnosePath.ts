import type { PathTrace } from '../trace/tracePath.ts';
import type { Fault } from '../trace/way.ts';
import { findingOf, KINDS } from './catalogue.ts';
import { type Diagnosed, withCauses } from './causes.ts';
import type { NetworkFinding } from './finding.ts';
import { serviceFaults } from './serviceChecks.ts';
import { stateFaults } from './stateChecks.ts';
import { wayFaults } from './wayChecks.ts';

const SEVERITIES = ['error', 'warning', 'info'] as const;

/** What is wrong on a path. Each finding is listed once: independent ones first, then by severity. */
export function diagnosePath(trace: PathTrace): NetworkFinding[] {
  const faults = [
    ...stateFaults(trace).filter(({ kind }) => KINDS[kind]?.layer === 1),
    ...trace.ways.flatMap(({ faults }) => faults),
    ...wayFaults(trace),
    ...serviceFaults(trace),
    ...stateFaults(trace).filter(({ kind }) => KINDS[kind]?.layer !== 1),
  ];
  const seen = new Set<string>();
  const diagnosed: Diagnosed[] = [];
  for (const fault of faults) {
    const key = keyOf(fault);
    if (seen.has(key)) continue;
    seen.add(key);
    diagnosed.push({ finding: findingOf(fault), fault });
  }
  return withCauses(diagnosed).toSorted(
    (one, other) =>
      Number(one.causedBy !== undefined) - Number(other.causedBy !== undefined) ||
      SEVERITIES.indexOf(one.severity) - SEVERITIES.indexOf(other.severity),
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
