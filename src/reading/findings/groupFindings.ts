import { type Finder, type FindingGroup, serverFilter } from './finder.ts';
import type { FindingKind, Severity } from './finding.ts';

/** The wording of a group of connections to one server. */
export interface GroupWording {
  readonly severity: Severity;
  what(group: FindingGroup, server: string): string;
  /** Added to the filter for the server's address and port. */
  readonly filter: string;
  readonly causes: readonly string[];
}

/** Adds a finding for each group whose kind has a wording. */
export function addGroupFindings(
  finder: Finder,
  wordings: Partial<Record<FindingKind, GroupWording>>,
): void {
  for (const group of finder.groups) {
    const wording = wordings[group.kind];
    if (!wording || !group.server) continue;
    finder.add({
      kind: group.kind,
      severity: wording.severity,
      what: wording.what(group, finder.endpoint(group.server)),
      who: finder.whoOf(group),
      note: group.note,
      interfaceIndex: group.interfaceIndex,
      filter: `${serverFilter(group)} && ${wording.filter}`,
      causes: wording.causes,
      hasOldVxlan: group.hasOldVxlan,
      scope: group.scope,
    });
  }
}
