import type { Port } from '../topology.ts';
import type { WalkState } from './walkState.ts';

/** Whether a bridge forwards packets through a port. Otherwise, notes the fault. */
export function canForward(walk: WalkState, port: Port): boolean {
  const { state } = port.link.portData;
  if (state === undefined || state === 'forwarding') return true;
  walk.addFault('port-not-forwarding', port, `${port.link.name}: state ${state}`, {
    device: port.link.name,
    state: `${state}`,
  });
  return false;
}

/** Notes different MTUs of a pair's ends: larger packets are dropped silently. */
export function checkMtu(walk: WalkState, a: Port, b: Port): void {
  if (a.link.mtu === b.link.mtu) return;
  const [smaller, larger] = a.link.mtu < b.link.mtu ? [a, b] : [b, a];
  walk.addFault(
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

/** Notes different MTUs of two nodes on one wire. */
export function checkWireMtu(walk: WalkState, a: Port, b: Port): void {
  if (a.link.mtu === b.link.mtu) return;
  const [smaller, larger] = a.link.mtu < b.link.mtu ? [a, b] : [b, a];
  walk.addFault(
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
