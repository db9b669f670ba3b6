import { describe, expect, it } from 'vitest';
import type { NetfilterFacts } from '../../../../src/topology/model/netfilterFacts.ts';
import { decide } from '../../../../src/topology/netfilter/decision.ts';
import { parseIpvs } from '../../../../src/topology/netfilter/ipvs.ts';
import type { TracedPacket } from '../../../../src/topology/netfilter/packet.ts';
import { readRuleset } from '../../../../src/topology/netfilter/readRuleset.ts';

const PACKET: TracedPacket = {
  source: '10.1.0.2',
  destination: '10.2.0.2',
  destinationPort: 80,
  protocol: 'tcp',
  inDevice: 'cni0',
  outDevice: 'eth0',
  mark: 0,
  state: 'new',
};

function forwarded(rules: string, more: NetfilterFacts = {}, packet = PACKET) {
  const text = `*filter\n:FORWARD ACCEPT [0:0]\n:OWN - [0:0]\n${rules}\nCOMMIT\n`;
  const facts = {
    nft: '',
    iptablesNft: { ipv4: text, ipv6: '' },
    iptablesLegacy: { ipv4: '', ipv6: '' },
  };
  const context = { isLocal: () => false, addressOf: () => undefined };
  return decide(readRuleset({ ...facts, ...more }), 'forward', packet, context);
}

describe('unsupported rules', () => {
  it.each([
    ['a match', '-A FORWARD -m bpf --bytecode "1,6 0 0 0" -j DROP'],
    [
      'a target',
      '-A FORWARD -p tcp -j TPROXY --on-port 15001 --on-ip 0.0.0.0 --tproxy-mark 0x1/0x1',
    ],
    ['an option', '-A FORWARD -p tcp -m tcp --tcp-option 5 -j DROP'],
    [
      'a match before a jump',
      '-A FORWARD -m string --string x --algo bm --to 65535 -j OWN\n-A OWN -j DROP',
    ],
    ['a rate', '-A FORWARD -m limit --limit 5/sec -j ACCEPT\n-A FORWARD -j DROP'],
    [
      'a set that was not read',
      '-A FORWARD -m set --match-set allowed src -j ACCEPT\n-A FORWARD -j DROP',
    ],
    [
      'a mark that depends on it',
      '-A FORWARD -m u32 --u32 "0=1" -j MARK --set-xmark 0x1/0x1\n-A FORWARD -m mark --mark 0x1/0x1 -j DROP',
    ],
  ])('make the verdict unknown: %s', (_name, rules) => {
    const decision = forwarded(rules);
    expect(decision.verdict).toBe('unknown');
    expect(decision.doubts.length).toBeGreaterThan(0);
  });

  it.each([
    ['it only logs', '-A FORWARD -m bpf --bytecode "1,6 0 0 0" -j LOG', 'accept'],
    ['both ways end the same', '-A FORWARD -m u32 --u32 "0=1" -j DROP\n-A FORWARD -j DROP', 'drop'],
    [
      'the packet ends before',
      '-A FORWARD -s 10.1.0.2/32 -j DROP\n-A FORWARD -m bpf --bytecode "1" -j ACCEPT',
      'drop',
    ],
    ['another match fails anyway', '-A FORWARD -i eth9 -m bpf --bytecode "1" -j DROP', 'accept'],
    [
      'a called chain does nothing',
      '-A FORWARD -m u32 --u32 "0=1" -j OWN\n-A OWN -d 10.9.0.0/16 -j DROP',
      'accept',
    ],
  ])('do not matter if %s', (_name, rules, verdict) => {
    expect(forwarded(rules)).toMatchObject({ verdict, doubts: [] });
  });

  it('are assumed if the rules could not be read', () => {
    const decision = decide(readRuleset({ nft: '' }), 'forward', PACKET, {
      isLocal: () => false,
      addressOf: () => undefined,
    });
    // Those of nftables and those of iptables.
    expect(decision.doubts).toHaveLength(2);
  });
});

describe('sets of ipset', () => {
  const ipset = [
    'create allowed hash:net family inet hashsize 1024 maxelem 65536',
    'add allowed 10.1.0.0/24',
    'create ports hash:ip,port family inet hashsize 1024 maxelem 65536',
    'add ports 10.2.0.2,tcp:80',
    'create both list:set size 8',
    'add both allowed',
  ].join('\n');

  it.each([
    ['-A FORWARD -m set --match-set allowed src -j DROP', 'drop'],
    ['-A FORWARD -m set --match-set allowed dst -j DROP', 'accept'],
    ['-A FORWARD -m set ! --match-set allowed src -j DROP', 'accept'],
    ['-A FORWARD -m set --match-set ports dst,dst -j REJECT', 'reject'],
    ['-A FORWARD -m set --match-set both src -j DROP', 'drop'],
  ])('are evaluated: %s', (rule, verdict) => {
    expect(forwarded(rule, { ipset }).verdict).toBe(verdict);
  });
});

describe('the rules on the path', () => {
  it('are those that took effect, with chain and counter', () => {
    const { rules: passed } = forwarded(
      '[7:420] -A FORWARD -j OWN\n[0:0] -A FORWARD -s 9.9.9.9/32 -j DROP\n[5:300] -A OWN -p tcp -m comment --comment "no web" -j DROP',
    );
    expect(passed.map(({ chain, text }) => [chain, text])).toEqual([
      ['FORWARD', '-A FORWARD -j OWN'],
      ['OWN', '-A OWN -p tcp -m comment --comment "no web" -j DROP'],
    ]);
    expect(passed[1]).toMatchObject({ comment: 'no web', packets: 5, backend: 'iptables-nft' });
  });
});

describe('parseIpvs', () => {
  it('reads services and servers', () => {
    const text = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
TCP  10.96.0.1:443 rr persistent 10800
  -> 192.168.7.10:6443            Masq    1      2          0
UDP  [fd00::a]:53 rr
  -> [fd00:1::5]:53               Masq    0      0          0
TCP  10.96.7.7:80 rr
`;
    expect(parseIpvs(text)).toMatchObject([
      {
        protocol: 'tcp',
        address: '10.96.0.1',
        port: 443,
        isPersistent: true,
        servers: [{ address: '192.168.7.10', port: 6443, forward: 'masq', weight: 1 }],
      },
      { protocol: 'udp', address: 'fd00::a', servers: [{ address: 'fd00:1::5', weight: 0 }] },
      { address: '10.96.7.7', servers: [] },
    ]);
  });
});
