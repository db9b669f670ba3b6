import { describe, expect, it } from 'vitest';
import { decide } from '../../../../src/topology/netfilter/decision.ts';
import type { TracedPacket } from '../../../../src/topology/netfilter/packet.ts';
import { readRuleset } from '../../../../src/topology/netfilter/readRuleset.ts';
import type { Ruleset } from '../../../../src/topology/netfilter/ruleset.ts';
import { inNamespaces, sectionsOf, seeded } from '../support/namespaces.ts';
import { KUBE_PROXY_IPTABLES, KUBE_PROXY_NFTABLES } from './kubeProxyRules.ts';

/**
 * A router between a client (10.1.0.2) and a server (10.2.0.2 to .5). Packets are sent through random rules. The
 * packets that arrive must match netdebug's prediction from the rules, as listed by their own programs.
 */
const TOPOLOGY = `
ip netns add client; ip netns add server
ip link add inner type veth peer name eth0 netns client
ip link add outer type veth peer name eth0 netns server
ip addr add 10.1.0.1/24 dev inner; ip addr add 10.2.0.1/24 dev outer
ip link set inner up; ip link set outer up
ip route add 10.9.9.0/24 via 10.2.0.2; ip route add default via 10.2.0.2
sysctl -qw net.ipv4.ip_forward=1
ip -n client addr add 10.1.0.2/24 dev eth0; ip -n client addr add 10.1.0.3/24 dev eth0
ip -n client link set eth0 up; ip -n client route add default via 10.1.0.1
for last in 2 3 4 5; do ip -n server addr add 10.2.0.$last/24 dev eth0; done
ip -n server link set eth0 up; ip -n server route add default via 10.2.0.1
ip netns exec server nft -f - <<'RULES'
table ip seen {
  set packets { type ipv4_addr . ipv4_addr . inet_service; flags dynamic; size 1000; }
  chain in { type filter hook prerouting priority -500; udp dport 1-65535 update @packets { ip saddr . ip daddr . udp dport } drop; }
}
RULES
`;

interface SentPacket {
  readonly source: string;
  readonly destination: string;
  readonly port: number;
}

function sending(packets: readonly SentPacket[]): string {
  const lines = packets.map(
    ({ source, destination, port }) =>
      `printf x | ip netns exec client socat -u - UDP4-SENDTO:${destination}:${port},bind=${source} || true`,
  );
  return [...lines, 'echo "== seen"; ip netns exec server nft -j list set ip seen packets'].join(
    '\n',
  );
}

/** The prediction for a packet at the server: `source destination port`, or the verdict if it does not arrive. */
function predict(ruleset: Ruleset, { source, destination, port }: SentPacket): string[] {
  const context = {
    isLocal: (address: string) => ['10.1.0.1', '10.2.0.1', '127.0.0.1'].includes(address),
    addressOf: (device: string) => (device === 'outer' ? '10.2.0.1' : '10.1.0.1'),
  };
  let packets: TracedPacket[] = [
    {
      source,
      destination,
      destinationPort: port,
      protocol: 'udp',
      mark: 0,
      connectionMark: 0,
      state: 'new',
    },
  ];
  const devices = [
    { inDevice: 'inner' },
    { inDevice: 'inner', outDevice: 'outer' },
    { outDevice: 'outer' },
  ];
  for (const [index, hook] of (['prerouting', 'forward', 'postrouting'] as const).entries()) {
    const next: TracedPacket[] = [];
    for (const packet of packets) {
      const { inDevice: _in, outDevice: _out, ...rest } = packet;
      const hookPacket = { ...rest, ...devices[index] };
      const decision = decide(ruleset, hook, hookPacket, context);
      if (decision.verdict !== 'accept') return [decision.verdict];
      next.push(...decision.results.map((path) => path.packet));
    }
    packets = next;
  }
  return packets.map((packet) =>
    [packet.source, packet.destination, packet.destinationPort].join(' '),
  );
}

const DESTINATIONS = ['10.2.0.2', '10.2.0.3', '10.2.0.4', '10.9.9.1', '10.9.9.2'];

/** Random rules in the syntax of iptables. */
function randomRules(seed: number): string[] {
  const random = seeded(seed);
  const not = () => (random.below(5) === 0 ? '! ' : '');
  const port = () => random.below(6);
  /** A rule contains at most one of each kind. */
  const kinds: readonly (() => string)[] = [
    () => `${not()}-s 10.1.0.${random.oneOf(['2', '3', '0/24', '2/31'])}`,
    () => `${not()}-d 10.${random.oneOf(['2.0.2', '2.0.3', '2.0.2/31', '9.9.0/24'])}`,
    () => `-m mark ${not()}--mark 0x${random.below(3)}/0x3`,
    () =>
      `-m conntrack --ctstate ${random.oneOf(['NEW', 'RELATED,ESTABLISHED', 'DNAT', 'NEW,INVALID'])}`,
    () => '-m addrtype --dst-type LOCAL',
    () => `-m iprange ${not()}--dst-range 10.2.0.3-10.2.0.9`,
    () => '',
    () => `-p udp -m udp ${not()}--dport ${port()}000:${port() + 6}999`,
    () => `-p udp -m multiport ${not()}--dports 1000,3000:4999`,
    () => `-p tcp -m tcp --dport ${port()}000`,
  ];
  const rule = (chain: string, targets: readonly string[]) => {
    const target = random.oneOf(targets);
    const hasProtocol = target.includes('-p ');
    const first = random.below(7);
    const second = (first + 1 + random.below(hasProtocol ? 5 : 9)) % (hasProtocol ? 7 : 10);
    const both = second === first ? [first] : [first, second];
    const matches = both.map((kind) => kinds[kind]?.()).join(' ');
    return `-A ${chain} ${matches} -m comment --comment "it is \\"so\\"" ${target}`;
  };
  const repeat = (count: number, make: () => string) => Array.from({ length: count }, make);
  return [
    '*mangle',
    ...repeat(2, () =>
      rule('PREROUTING', ['-j MARK --set-xmark 0x1/0x3', '-j MARK --set-xmark 0x2/0x2']),
    ),
    ...repeat(1, () => rule('FORWARD', ['-j LOG', '-j MARK --set-xmark 0x3/0x3', '-j ACCEPT'])),
    'COMMIT',
    '*nat',
    ':OWN -',
    ...repeat(3, () => rule('PREROUTING', ['-j OWN', '-j RETURN'])),
    ...repeat(2, () =>
      rule('OWN', [
        '-p udp -j DNAT --to-destination 10.2.0.5:7777',
        '-p udp -j DNAT --to-destination 10.2.0.4',
        '-j RETURN',
      ]),
    ),
    '-A OWN -d 10.9.9.0/24 -p udp -j DNAT --to-destination 10.2.0.5',
    ...repeat(2, () =>
      rule('POSTROUTING', ['-j MASQUERADE', '-j SNAT --to-source 10.2.0.1', '-j RETURN']),
    ),
    'COMMIT',
    '*filter',
    `:FORWARD ${random.oneOf(['ACCEPT', 'DROP'])}`,
    ':FIRST -',
    ':SECOND -',
    ...repeat(3, () =>
      rule('FORWARD', ['-j FIRST', '-g SECOND', '-j ACCEPT', '-j DROP', '-j RETURN']),
    ),
    ...repeat(3, () =>
      rule('FIRST', ['-j SECOND', '-j ACCEPT', '-j DROP', '-j REJECT', '-j RETURN', '']),
    ),
    ...repeat(3, () => rule('SECOND', ['-j ACCEPT', '-j DROP', '-j RETURN', '-j LOG'])),
    'COMMIT',
    '',
  ];
}

const packetsToSend = (seed: number): SentPacket[] => {
  const random = seeded(seed * 977);
  return Array.from({ length: 14 }, (_, index) => ({
    source: random.oneOf(['10.1.0.2', '10.1.0.3']),
    destination: random.oneOf(DESTINATIONS),
    port: random.oneOf([1, 2, 3, 4, 5]) * 1000 + index,
  }));
};

async function packetsSeenThrough(rules: string, list: string, packets: readonly SentPacket[]) {
  const output = await inNamespaces(`${TOPOLOGY}\n${rules}\n${sending(packets)}\n${list}`);
  const sections = sectionsOf(output);
  const elements: { concat: (string | number)[] }[] =
    JSON.parse(sections.get('seen') ?? '{}')
      .nftables.at(-1)
      .set.elem?.map(
        (element: { elem?: { val: { concat: [] } } }) => element.elem?.val ?? element,
      ) ?? [];
  return { sections, seen: new Set(elements.map(({ concat }) => concat.join(' '))) };
}

describe('rules listed by iptables-save', () => {
  for (const backend of ['legacy', 'nft'] as const) {
    it.for([1, 2, 3, 4, 5, 6])(
      `let through the packets that arrive: ${backend}, rules %d`,
      async (seed) => {
        const text = randomRules(seed + (backend === 'nft' ? 100 : 0)).join('\n');
        const packets = packetsToSend(seed);
        const { sections, seen } = await packetsSeenThrough(
          `iptables-${backend}-restore <<'RULES'\n${text}\nRULES`,
          `echo "== save"; iptables-${backend}-save -c; echo "== nft"; nft -j list ruleset`,
          packets,
        );
        const save = { ipv4: sections.get('save') ?? '' };
        const ruleset = readRuleset({
          nft: sections.get('nft') ?? '',
          iptablesLegacy: backend === 'legacy' ? { ...save, ipv6: '' } : { ipv4: '', ipv6: '' },
          iptablesNft: backend === 'nft' ? { ...save, ipv6: '' } : { ipv4: '', ipv6: '' },
        });
        const predicted = packets.map((packet) => predict(ruleset, packet).join(' or '));
        const expected = predicted.filter((line) => line.includes('.'));
        expect([...seen].sort(), text).toEqual([...new Set(expected)].sort());
      },
    );
  }
});

const NATIVE = `
table inet own {
  set few { type ipv4_addr; flags interval; elements = { 10.2.0.3-10.2.0.4, 10.1.0.3 }; }
  chain forward {
    type filter hook forward priority filter; policy drop;
    iifname "nowhere*" accept
    ct state vmap { established : accept, related : accept, invalid : drop }
    ip daddr 10.2.0.2 udp dport { 1000-2999, 5002 } accept
    ip daddr != 10.2.0.0/30 meta mark 7 counter accept
    ip saddr @few ip daddr @few udp dport != 3000-3999 accept
    oifname "outer" udp dport >= 5000 jump late
  }
  chain late { ip saddr 10.1.0.2 return; accept; }
}
table ip translate {
  map aims { type inet_service : ipv4_addr . inet_service; elements = { 4003 : 10.2.0.5 . 9999, 4004 : 10.2.0.4 . 80 }; }
  chain pre {
    type nat hook prerouting priority dstnat;
    ip daddr 10.9.9.1 dnat to 10.2.0.4
    udp dport 4003-4004 dnat ip to udp dport map @aims
  }
  chain marking { type filter hook prerouting priority mangle; ip saddr 10.1.0.2 meta mark set 0x7; }
  chain post { type nat hook postrouting priority srcnat; ip daddr 10.2.0.5 masquerade; meta mark and 0x4 == 0x4 snat to 10.2.0.1; }
}
`;

describe('rules of nftables', () => {
  const readNft = (sections: Map<string, string>) =>
    readRuleset({
      nft: sections.get('nft') ?? '',
      iptablesLegacy: { ipv4: '', ipv6: '' },
      iptablesNft: { ipv4: '', ipv6: '' },
    });

  it('let through the packets that arrive', async () => {
    const packets = packetsToSend(3).concat(packetsToSend(4), packetsToSend(5));
    const { sections, seen } = await packetsSeenThrough(
      `nft -f - <<'RULES'\n${NATIVE}\nRULES`,
      'echo "== nft"; nft -j list ruleset',
      packets,
    );
    const predicted = packets.flatMap((packet) => predict(readNft(sections), packet));
    expect(predicted).toContain('drop');
    expect(predicted).not.toContain('unknown');
    const expected = predicted.filter((line) => line.includes('.'));
    expect([...seen].sort()).toEqual([...new Set(expected)].sort());
  });
});

describe("kube-proxy's rules", () => {
  const sentPackets: SentPacket[] = [
    ...Array.from({ length: 24 }, () => ({
      source: '10.1.0.2',
      destination: '10.96.0.10',
      port: 80,
    })),
    ...Array.from({ length: 24 }, () => ({
      source: '10.1.0.3',
      destination: '10.96.0.10',
      port: 80,
    })),
    { source: '10.1.0.3', destination: '10.96.5.5', port: 80 },
    { source: '10.1.0.3', destination: '10.2.0.3', port: 81 },
  ];
  const forms = {
    nftables: [
      `nft -f - <<'RULES'\n${KUBE_PROXY_NFTABLES}\nRULES`,
      'echo "== nft"; nft -j list ruleset',
    ],
    // As in debugger images, where protocols are listed as numbers.
    'nftables, without /etc/protocols': [
      `nft -f - <<'RULES'\n${KUBE_PROXY_NFTABLES}\nRULES`,
      'mount --bind /dev/null /etc/protocols; echo "== nft"; nft -j list ruleset',
    ],
    iptables: [
      `iptables-legacy-restore <<'RULES'\n${KUBE_PROXY_IPTABLES}\nRULES`,
      'echo "== save"; iptables-legacy-save -c',
    ],
  } as const;
  for (const [form, [rules, list]] of Object.entries(forms)) {
    it(`lead to the endpoints that receive the packets: ${form}`, async () => {
      const { sections, seen } = await packetsSeenThrough(rules, list, sentPackets);
      const ruleset = readRuleset({
        nft: sections.get('nft') ?? '',
        iptablesLegacy: { ipv4: sections.get('save') ?? '', ipv6: '' },
        iptablesNft: { ipv4: '', ipv6: '' },
      });
      const predicted = sentPackets.map((packet) => predict(ruleset, packet));
      expect(predicted[0]).toEqual(['10.1.0.2 10.2.0.4 8080', '10.1.0.2 10.2.0.5 8080']);
      expect(predicted[24]).toEqual(['10.2.0.1 10.2.0.4 8080', '10.2.0.1 10.2.0.5 8080']);
      expect(predicted[48]).toEqual(['reject']);
      expect(predicted[49]).toEqual(['10.1.0.3 10.2.0.3 81']);
      const expected = predicted.flat().filter((line) => line.includes('.'));
      expect([...seen].sort()).toEqual([...new Set(expected)].sort());
    });
  }
});
