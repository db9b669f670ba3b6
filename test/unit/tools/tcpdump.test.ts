import { describe, expect, it } from 'vitest';
import { parseTcpdumpLine, tcpdumpCommand } from '../../../src/tools/tcpdump.ts';

describe('messages of tcpdump 4.99', () => {
  it.each<[string, object]>([
    [
      'listening on eth0, link-type EN10MB (Ethernet), snapshot length 262144 bytes',
      { kind: 'listening', interface: 'eth0', linkType: 'EN10MB' },
    ],
    [
      'tcpdump: listening on any, link-type LINUX_SLL2 (Linux cooked v2), snapshot length 96 bytes',
      { kind: 'listening', interface: 'any', linkType: 'LINUX_SLL2' },
    ],
    ['1 packet captured', { kind: 'statistics', counts: { captured: 1 } }],
    ['1234 packets captured', { kind: 'statistics', counts: { captured: 1234 } }],
    ['5678 packets received by filter', { kind: 'statistics', counts: { receivedByFilter: 5678 } }],
    ['1 packet received by filter', { kind: 'statistics', counts: { receivedByFilter: 1 } }],
    ['0 packets dropped by kernel', { kind: 'statistics', counts: { droppedByKernel: 0 } }],
    ['3 packets dropped by interface', { kind: 'statistics', counts: { droppedByInterface: 3 } }],
    [
      'tcpdump: 10 packets captured, 12 packets received by filter, 2 packets dropped by kernel',
      {
        kind: 'statistics',
        counts: { captured: 10, receivedByFilter: 12, droppedByKernel: 2 },
      },
    ],
    [
      'tcpdump: 1 packet captured, 1 packet received by filter, 0 packets dropped by kernel, 1 packet dropped by interface',
      {
        kind: 'statistics',
        counts: { captured: 1, receivedByFilter: 1, droppedByKernel: 0, droppedByInterface: 1 },
      },
    ],
    [
      'tcpdump: verbose output suppressed, use -v[v]... for full protocol decode',
      { kind: 'noise' },
    ],
    ['dropped privs to tcpdump', { kind: 'noise' }],
    ['tcpdump: data link type LINUX_SLL2', { kind: 'noise' }],
    ['', { kind: 'noise' }],
    ['Terminated', { kind: 'noise' }],
  ])('%s', (line, expected) => {
    expect(parseTcpdumpLine(line)).toEqual(expected);
    expect(parseTcpdumpLine(`${line}\r`)).toEqual(expected);
  });

  it.each([
    "tcpdump: can't parse filter expression: syntax error",
    'tcpdump: eth9: No such device exists',
    "tcpdump: Couldn't change to 'root' uid=0 gid=0: Operation not permitted",
    'tcpdump: pcap_loop: The interface disappeared',
    'lease: no word for 12 s',
    'sh: tcpdump: not found',
    'somebody said: 5 packets captured',
  ])('%s: a message', (line) => {
    expect(parseTcpdumpLine(line)).toEqual({ kind: 'message', text: line });
  });
});

describe('the command', () => {
  it('delivers text at once, with only the bytes that a line can show', () => {
    expect(tcpdumpCommand({ format: 'text', changesUser: false })).toEqual([
      ...['tcpdump', '-n', '-B', '32768', '--immediate-mode', '-s', '8192', '-l'],
    ]);
  });

  it('keeps whole packets in a buffer that is not divided into frames of the maximum size', () => {
    expect(tcpdumpCommand({ format: 'pcap', changesUser: false })).toEqual([
      ...['tcpdump', '-n', '-B', '32768', '-U', '-w', '-'],
    ]);
  });

  it('passes the expression as one word after --, whatever it begins with', () => {
    const command = tcpdumpCommand({
      format: 'pcap',
      changesUser: true,
      device: 'any',
      snapLength: 128,
      count: 3,
      expression: '-w /etc/passwd; rm -rf / $(x)',
    });
    expect(command).toEqual([
      ...['tcpdump', '-n', '-B', '32768', '--immediate-mode', '-Z', 'root', '-i', 'any'],
      ...['-s', '128', '-c', '3', '-U', '-w', '-', '--', '-w /etc/passwd; rm -rf / $(x)'],
    ]);
  });
});
