import type { Port } from '../wiring.ts';
import type { WalkState } from './walkState.ts';

/** Whether a bridge forwards what comes in or goes out by a port; otherwise the fault is noted. */
export function mayForward(walk: WalkState, port: Port): boolean {
  const { state } = port.link.portData;
  if (state === undefined || state === 'forwarding') return true;
  walk.fault('port-not-forwarding', port, `${port.link.name}: state ${state}`, {
    device: port.link.name,
    state: `${state}`,
  });
  return false;
}

/** Ends of a pair that differ drop what is larger without a word. */
export function checkMtu(walk: WalkState, one: Port, other: Port): void {
  if (one.link.mtu === other.link.mtu) return;
  const [smaller, larger] = one.link.mtu < other.link.mtu ? [one, other] : [other, one];
  walk.fault(
    'mtu-mismatch',
    smaller,
    `${smaller.link.name} mtu ${smaller.link.mtu}, its other end ${larger.link.name} mtu ${larger.link.mtu}`,
    {
      device: smaller.link.name,
      mtu: `${smaller.link.mtu}`,
      other: larger.link.name,
      otherMtu: `${larger.link.mtu}`,
      otherPlace: walk.nameOf(larger),
    },
  );
}

/** As `checkMtu`, of two nodes on one wire. */
export function checkWireMtu(walk: WalkState, one: Port, other: Port): void {
  if (one.link.mtu === other.link.mtu) return;
  const [smaller, larger] = one.link.mtu < other.link.mtu ? [one, other] : [other, one];
  walk.fault(
    'mtu-mismatch',
    smaller,
    `${smaller.link.name} mtu ${smaller.link.mtu} on ${smaller.node.name}, ${larger.link.name} mtu ${larger.link.mtu} on ${larger.node.name}`,
    {
      device: smaller.link.name,
      mtu: `${smaller.link.mtu}`,
      other: larger.link.name,
      otherMtu: `${larger.link.mtu}`,
      otherPlace: `node/${larger.node.name}`,
    },
  );
}
