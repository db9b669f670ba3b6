import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import type { ListFormat } from '../../../src/output/renderList.ts';
import { renderSockets } from '../../../src/sockets/render.ts';
import { renderChanges, renderChangesAsJson } from '../../../src/sockets/renderChanges.ts';
import { renderSocketSummary } from '../../../src/sockets/renderSocketSummary.ts';
import { summarizeSockets } from '../../../src/sockets/summary.ts';
import type { SocketList } from '../../../src/tools/socket.ts';
import { at, listener, socket, VARIED } from './sampleSockets.ts';

function rendered(sockets: SocketList, format: ListFormat, processes = false): string {
  return [...renderSockets(sockets, format, processes)].join('');
}

/** The sockets as data, without undefined fields. */
const AS_DATA = { kind: 'SocketList', items: JSON.parse(JSON.stringify(VARIED)) };

describe('renderSockets', () => {
  it('prints netstat’s columns', () => {
    expect(rendered(VARIED, 'table')).toBe(
      [
        'PROTO         RECV-Q   SEND-Q   LOCAL ADDRESS             FOREIGN ADDRESS    STATE',
        'tcp           0        0        10.244.1.5:80             10.244.2.7:41234   ESTABLISHED',
        'tcp6          3        128      [::]:8080                 [::]:*             LISTEN',
        'tcp           0        1        10.244.1.5:40007          10.9.0.2:443       SYN_SENT',
        'udp           0        0        0.0.0.0%eth0:68           0.0.0.0:*          UNCONN',
        'unix-stream   -        -        /run/\\x1b[31mapp.sock:9   *                  LISTENING',
        'unix-dgram    0        0        *:10                      *:11               CONNECTED',
        '',
      ].join('\n'),
    );
  });

  it('adds processes, each once, if they were requested', () => {
    const table = rendered(VARIED, 'table', true);
    expect(table.split('\n').map((line) => line.split(/ {3,}/).at(-1))).toEqual([
      'PID/PROGRAM',
      '-',
      '7/nginx,8/nginx',
      '-',
      '-',
      '9/evil\\x0aname',
      '-',
      '',
    ]);
  });

  it("shows a listener's queues and the details in wide output", () => {
    const [header, , listening, connecting] = rendered(VARIED, 'wide').split('\n');
    const cells = (line = '') => line.split(/ {3,}/).slice(-4);
    expect(cells(header)).toEqual(['ACCEPT QUEUE', 'UID', 'INODE', 'TIMER']);
    expect(cells(listening)).toEqual(['3 of 128', '101', '4711', '-']);
    expect(cells(connecting)).toEqual(['-', '0', '4712', 'on 0.8s, 2 retransmits']);
  });

  it('shows pods if there are several', () => {
    const table = rendered([socket({ pod: 'web-1' })], 'table');
    expect(table).toMatch(/^POD +PROTO[^\n]*\nweb-1 +tcp /);
  });

  it('prints valid JSON, item by item', () => {
    expect(JSON.parse(rendered(VARIED, 'json'))).toEqual(AS_DATA);
    expect(JSON.parse(rendered([], 'json'))).toEqual({ kind: 'SocketList', items: [] });
  });

  it('prints valid YAML, item by item', () => {
    expect(load(rendered(VARIED, 'yaml'))).toEqual(AS_DATA);
    expect(load(rendered([], 'yaml'))).toEqual({ kind: 'SocketList', items: [] });
  });

  it('names listeners by one end, connections by both', () => {
    expect(rendered(VARIED, 'name').split('\n')).toEqual([
      'tcp/10.244.1.5:80-10.244.2.7:41234',
      'tcp6/[::]:8080',
      'tcp/10.244.1.5:40007-10.9.0.2:443',
      'udp/0.0.0.0%eth0:68',
      'unix//run/\\x1b[31mapp.sock:9',
      'unix/*:10-*:11',
      '',
    ]);
  });

  it.each<ListFormat>(['table', 'json', 'yaml', 'name'])(
    'returns a long list as %s in chunks',
    (format) => {
      const many = Array.from({ length: 5000 }, (_, port) =>
        socket({ peer: at(`10.244.2.7:${port + 1}`) }),
      );
      const pieces = [...renderSockets(many, format, false)];
      expect(pieces.length).toBeGreaterThan(1);
      expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThan(100 * 1024);
    },
  );
});

describe('renderChanges', () => {
  const time = new Date(2025, 0, 2, 3, 4, 5);
  const closing = socket({ state: 'TIME_WAIT' });

  it('prints a line per change, with its time', () => {
    const evil = socket({ processes: [{ pid: 7, name: '\x1b[2J', fd: 1 }] });
    const lines = renderChanges(
      [
        { kind: 'added', socket: listener('[::]:80', { pod: 'web-1' }) },
        { kind: 'changed', socket: closing, previousState: 'ESTABLISHED' },
        { kind: 'removed', socket: evil },
      ],
      time,
    );
    expect([...lines].join('')).toBe(
      '03:04:05 + web-1 tcp6 [::]:80 [::]:* LISTEN\n' +
        '03:04:05 ~ tcp 10.244.1.5:80 10.244.2.7:41234 ESTABLISHED -> TIME_WAIT\n' +
        '03:04:05 - tcp 10.244.1.5:80 10.244.2.7:41234 ESTABLISHED 7/\\x1b[2J\n',
    );
  });

  it('prints a JSON object per line', () => {
    const lines = renderChangesAsJson(
      [{ kind: 'changed', socket: closing, previousState: 'ESTABLISHED' }],
      time,
    );
    expect(JSON.parse([...lines].join(''))).toMatchObject({
      kind: 'SocketChange',
      change: 'changed',
      time: time.toISOString(),
      socket: { state: 'TIME_WAIT' },
      previousState: 'ESTABLISHED',
    });
  });
});

describe('renderSummary', () => {
  const peers = Array.from({ length: 22 }, (_, host) =>
    socket({ peer: at(`10.0.0.${host + 1}:1`) }),
  );
  const summary = summarizeSockets([
    listener('0.0.0.0:80'),
    socket({ state: 'TIME_WAIT' }),
    ...peers,
  ]);

  it('prints three tables, with the first twenty peers', () => {
    const text = [...renderSocketSummary(summary, 'table')].join('');
    expect(text.split('\n').slice(0, 9)).toEqual([
      'PROTO   STATE         COUNT',
      'tcp     ESTABLISHED   22',
      'tcp     LISTEN        1',
      'tcp     TIME_WAIT     1',
      '',
      'LISTENING PORT   CONNECTIONS   STATES',
      '80               23            22 ESTABLISHED, 1 TIME_WAIT',
      '',
      'PEER         CONNECTIONS   STATES',
    ]);
    expect(text).toMatch(/\n.*\b3\b.*-o json.*\n$/);
  });

  it('contains everything as data', () => {
    const data = { kind: 'SocketSummary', ...summary };
    expect(JSON.parse([...renderSocketSummary(summary, 'json')].join(''))).toEqual(data);
    expect(load([...renderSocketSummary(summary, 'yaml')].join(''))).toEqual(data);
  });
});
