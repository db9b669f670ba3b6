import { expect, it } from 'vitest';
import type { FindingKind } from '../../../src/reading/findings/finding.ts';
import { groupIncidents } from '../../../src/reading/findings/incidents.ts';
import { renderSummary } from '../../../src/reading/renderSummary.ts';
import { handshake, segment, summaryOf, type Timed } from './support.ts';

const SERVER = { address: '10.96.0.20', port: 80 };

function scopedFinding(
  kind: FindingKind,
  conversations: readonly number[],
  server = SERVER,
  on = 0,
) {
  const scope = { conversations: new Set(conversations), hasMore: false, servers: [server] };
  return { kind, severity: 'warning', interfaceIndex: on, scope } as const;
}

const kindsOf = (
  findings: readonly ReturnType<typeof scopedFinding>[],
  connectionOf = (conversation: number) => conversation,
) => groupIncidents(findings, connectionOf).map((incident) => incident.map(({ kind }) => kind));

it('puts the consequences of a loss under it if they concern the same connections', () => {
  expect(
    kindsOf([
      scopedFinding('loss-between-points', [1, 2]),
      scopedFinding('http-slow', [2]),
      scopedFinding('retransmissions', [1, 2]),
      scopedFinding('retransmissions', [1, 3], { address: '10.96.0.21', port: 80 }),
    ]),
  ).toEqual([['loss-between-points', 'http-slow', 'retransmissions'], ['retransmissions']]);
});

it('joins the same problem of one connection at two points', () => {
  const both = [
    scopedFinding('connection-reset', [4]),
    scopedFinding('connection-reset', [9], SERVER, 1),
  ];
  expect(kindsOf(both)).toHaveLength(2);
  expect(kindsOf(both, () => 1)).toEqual([['connection-reset', 'connection-reset']]);
});

it('gives an incident the severity of its worst consequence', () => {
  const unreachable = { ...scopedFinding('unreachable', []), severity: 'warning' } as const;
  const unanswered = { ...scopedFinding('dns-unanswered', []), severity: 'error' } as const;
  const incidents = groupIncidents([unanswered, unreachable], (conversation) => conversation);
  expect(incidents.map(([{ kind, severity }]) => [kind, severity])).toEqual([
    ['unreachable', 'error'],
  ]);
});

it('shows the reset after a TLS alert under the alert', async () => {
  const hello = Buffer.concat([
    Buffer.from('160303002f0100002b0303', 'hex'),
    Buffer.alloc(32, 7),
    Buffer.from('000004c02f00ff0100', 'hex'),
  ]);
  const packets: Timed[] = [
    ...handshake(0),
    [10, segment('up', { seq: 1, ack: 1, flags: 0x18, data: hello })],
    [
      11,
      segment('down', {
        seq: 1,
        ack: 1 + hello.length,
        flags: 0x18,
        data: Buffer.from('15030100020246', 'hex'),
      }),
    ],
    [12, segment('down', { seq: 8, ack: 1 + hello.length, flags: 0x14 })],
  ];
  const summary = await summaryOf(packets);
  expect(summary.findings.map(({ kind, causedBy }) => [kind, causedBy])).toEqual([
    ['tls-version-mismatch', undefined],
    ['connection-reset', 0],
  ]);
  const text = [...renderSummary(summary, [])].join('');
  expect(text).toContain('1. error tls-version-mismatch');
  expect(text).not.toContain('2. ');
  expect(text).toContain('connection-reset');
});
