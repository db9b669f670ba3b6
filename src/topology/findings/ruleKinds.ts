import { type FaultKind, runOn, withCommands } from './kind.ts';

/** Faults of packet filter and translation rules. */
export const RULE_KINDS: Readonly<Record<string, FaultKind>> = {
  'filter-drop': {
    severity: 'error',
    layer: 5,
    summary: 'Rules of iptables or nftables drop or reject the packet.',
    meaning: (v, { pod }) =>
      [
        `${v('backend')} ${v('verdict') === 'reject' ? 'rejects' : 'drops'} the packet in table ${v('table')}, chain ${v('chain')}`,
        ...(v('packets') === '' ? [] : [`${v('packets')} packets so far`]),
        ...(v('hook') === 'forward' && pod === undefined
          ? ['the node itself is reachable, but forwarded traffic is dropped']
          : []),
      ].join('; '),
    fix: (v, where) =>
      v('isPolicy') === 'yes'
        ? runOn(
            where,
            v('backend') === 'nftables'
              ? `nft chain ${v('family')} ${v('table')} ${v('chain')} '{ policy accept; }'`
              : `${v('command')} -P ${v('chain')} ACCEPT`,
            'add a rule that accepts the packet, or',
          )
        : `remove that rule from chain ${v('chain')} of table ${v('table')} (${v('backend')}), or accept the packet before it`,
  },
  'unexpected-snat': {
    severity: 'warning',
    layer: 5,
    summary: 'The source address of a packet between pods is replaced.',
    meaning: (v) =>
      `The node replaces the source ${v('from')} with ${v('to')}: the receiver sees the node, and policies that select pods do not match.`,
    fix: () =>
      'exclude the pod network from masquerading, with a RETURN rule for destinations in it before MASQUERADE',
  },
  'bridge-nf-off': {
    severity: 'error',
    layer: 5,
    summary: 'Answers of a translated connection cross a bridge without being translated back.',
    meaning: (v) =>
      `Both ends are ports of ${v('bridge')} and bridge-nf-call-iptables is ${v('value')}: answers go directly to the client, from an address that it did not connect to.`,
    fix: (_v, where) =>
      runOn(where, ['modprobe br_netfilter', 'sysctl -w net.bridge.bridge-nf-call-iptables=1']),
  },
  'reply-not-translated': {
    severity: 'error',
    layer: 5,
    summary: 'Answers of a translated connection do not pass through the node that translated it.',
    meaning: (v) =>
      `${v('translator')} translated the connection; the answer takes another path and comes from an address that the client did not connect to.`,
    fix: () =>
      'masquerade on the node that translates the connection, or correct the routes of the return path',
  },
  'two-iptables-backends': {
    severity: 'info',
    layer: 5,
    summary: 'Both backends of iptables have rules.',
    meaning: () =>
      'A packet must pass both, but each of the tools shows only its own half of the rules.',
    fix: () =>
      withCommands(
        'make all programs on the node use the same backend, and remove the rules of the other one',
        'update-alternatives --config iptables',
      ),
  },
};
