import { expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import type { Debugger } from '../../../src/debugger/debugger.ts';
import type { Notice } from '../../../src/notice.ts';
import { listSockets } from '../../../src/sockets/listSockets.ts';
import { FakePod } from '../capture/fakePod.ts';
import { podWith } from '../debugger/pods.ts';
import { fakeServer } from '../kube/fakeServer.ts';
import { selecting } from './selections.ts';

const SS = 'ESTAB 0 0 10.0.0.1:80 10.0.0.2:4000\n';
const PROC_NET =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n' +
  '   0: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 7 1 0 100 0 0 10 0\n';

/** Lists the sockets of a pod in which programs do what `act` says, by program name. */
async function listed(
  act: (program: string, pod: FakePod, run: number) => void,
  selection: Partial<Parameters<typeof selecting>[0]> = {},
) {
  const programs: string[] = [];
  const { access } = await fakeServer({
    exec: (socket: WebSocket, request) => {
      const pod = new FakePod(socket, request);
      const program = ['ss', 'cat'].find((name) => pod.command.includes(name)) ?? '';
      programs.push(program);
      act(program, pod, programs.length);
    },
  });
  const notes: Notice[] = [];
  const place = { namespace: 'shop', pod: 'web', container: 'c', kind: 'ephemeral' };
  const outcome = await listSockets(
    access,
    { ...place, home: podWith() } as unknown as Debugger,
    // Without a lease, so the client sends no words.
    'processes',
    selecting({ udp: false, unix: false, processes: false, details: false, ...selection }),
    { note: (notice) => notes.push(notice), waiting: () => {} },
  ).catch((error: Error) => error);
  return { outcome, programs, notes };
}

it('reads the kernel’s tables if no line from ss can be parsed', async () => {
  const { outcome, programs, notes } = await listed((program, pod) => {
    pod.writes(program === 'ss' ? 'Gibberish of another kind\n' : PROC_NET);
    pod.exits(0);
  });
  expect(programs).toEqual(['ss', 'cat']);
  expect(outcome).toMatchObject({ store: { length: 1 }, unreadable: 0 });
  expect(notes).toEqual([{ kind: 'program-unusable', text: expect.stringMatching(/\bss\b/) }]);
});

it('notes that /proc/net does not show which sockets on [::] accept IPv4, if that matters', async () => {
  const any = PROC_NET.replace('0100007F', '0'.repeat(32)).replace(
    '00000000:0000 0A',
    `${'0'.repeat(32)}:0000 0A`,
  );
  const act = (program: string, pod: FakePod) => {
    pod.writes(program === 'ss' ? 'Gibberish of another kind\n' : any);
    pod.exits(0);
  };
  const kinds = async (...args: Parameters<typeof listed>) =>
    (await listed(...args)).notes.map(({ kind }) => kind);
  expect(await kinds(act, { ipv6: false })).toEqual(['program-unusable', 'incomplete']);
  expect(await kinds(act)).toEqual(['program-unusable']);
});

it('fails if neither can be parsed', async () => {
  const { outcome } = await listed((_, pod) => {
    pod.writes('Gibberish\n');
    pod.exits(0);
  });
  expect(outcome).toMatchObject({
    kind: 'command-failed',
    message: expect.stringMatching(/\bss\b.*\bcat\b/),
  });
});

it('retries when the connection ends before the command, and lists nothing twice', async () => {
  const { outcome, programs } = await listed((_, pod, run) => {
    pod.writes(SS);
    if (run < 3) pod.breaks();
    else pod.exits(0);
  });
  expect(programs).toEqual(['ss', 'ss', 'ss']);
  expect(outcome).toMatchObject({ store: { length: 1 } });
});

it('gives up after three attempts', async () => {
  const { outcome, programs } = await listed((_, pod) => {
    pod.writes(SS);
    pod.breaks();
  });
  expect(outcome).toMatchObject({ kind: 'unreachable' });
  expect(programs).toHaveLength(3);
});
