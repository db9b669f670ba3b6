import { familyOf } from '../address.ts';
import type { Decision } from '../netfilter/decision.ts';
import type { TracedPacket } from '../netfilter/packet.ts';
import type { Hook } from '../netfilter/ruleset.ts';
import type { Place } from '../topology.ts';
import type { WalkState } from './walkState.ts';

/** Notes that the rules of a hook drop or reject the packet, with the rule that does. */
export function addDropFault(
  walk: WalkState,
  place: Place,
  hook: Hook,
  decision: Decision,
  packet: TracedPacket,
): void {
  const last = decision.rules.at(-1);
  const evidence =
    last === undefined ? hook : `${last.backend} ${last.table} ${last.chain}: ${last.text}`;
  walk.addFault('filter-drop', place, evidence, {
    verdict: decision.verdict,
    hook,
    backend: last?.backend ?? '',
    family: last?.family ?? '',
    table: last?.table ?? '',
    chain: last?.chain ?? '',
    packets: last?.packets === undefined ? '' : `${last.packets}`,
    toService: walk.isService && packet.destinationTranslated !== true ? 'yes' : 'no',
    isPolicy: last?.text.startsWith('policy ') ? 'yes' : 'no',
    command: `${familyOf(packet.destination) === 4 ? 'iptables' : 'ip6tables'}${last?.backend.replace('iptables', '') ?? ''}`,
  });
}
