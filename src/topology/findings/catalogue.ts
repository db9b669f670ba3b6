import type { Fault } from '../trace/oneWayPath.ts';
import { FILE_KINDS } from './fileKinds.ts';
import type { NetworkFinding } from './finding.ts';
import type { FaultKind } from './kind.ts';
import { LINK_KINDS } from './linkKinds.ts';
import { PROBE_KINDS } from './probeKinds.ts';
import { ROUTE_KINDS } from './routeKinds.ts';
import { RULE_KINDS } from './ruleKinds.ts';
import { SERVICE_KINDS } from './serviceKinds.ts';
import { STATE_KINDS } from './stateKinds.ts';
import { TUNNEL_KINDS } from './tunnelKinds.ts';

/** All kinds of findings of `path`. */
export const KINDS: Readonly<Record<string, FaultKind>> = {
  ...LINK_KINDS,
  ...ROUTE_KINDS,
  ...TUNNEL_KINDS,
  ...RULE_KINDS,
  ...SERVICE_KINDS,
  ...STATE_KINDS,
  ...PROBE_KINDS,
};

/** Makes a finding from a fault, with the texts of its kind. */
export function findingOf({ kind, where, evidence, values }: Fault): NetworkFinding {
  const faultKind = KINDS[kind] ?? FILE_KINDS[kind];
  if (faultKind === undefined) throw new Error(`unknown kind of finding: ${kind}`);
  // A line break from a node must not look like a command of the fix.
  const value = (name: string) => (values[name] ?? '').replaceAll(/[\r\n]+/g, ' ');
  return {
    kind,
    severity: faultKind.severity,
    where,
    evidence,
    meaning: faultKind.meaning(value, where),
    fix: faultKind.fix(value, where),
  };
}
