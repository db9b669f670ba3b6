import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import findScript from '../../../../src/debugger/node/find.sh';
import ownPortsScript from '../../../../src/debugger/node/ownPorts.sh';
import { LAYOUTS, STATE_FILES } from './layouts.ts';

const UID = '8f2c1b7e-4f0a-4a6e-9a55-0d1c2b3a4e5f';
const OTHER_UID = '8f2c1b7e-4f0a-4a6e-9a55-0d1c2b3a4e50';
const ID = 'a'.repeat(63);
const PAUSE = 'b'.repeat(63);
const NODE = 'net:[4026531840]';
const POD = 'net:[4026532200]';

interface Process {
  readonly cgroup?: string;
  readonly network?: string | null;
  readonly parent?: number;
}

/** A /proc of a node with these processes; the first one is in the node's network. */
function procWith(processes: Readonly<Record<number, Process>>): string {
  const proc = mkdtempSync(join(tmpdir(), 'netdebug-proc-'));
  onTestFinished(() => rmSync(proc, { recursive: true }));
  const all: Readonly<Record<number, Process>> = { 1: { network: NODE }, ...processes };
  for (const [pid, { cgroup = '0::/init.scope', network = POD, parent = 1 }] of Object.entries(
    all,
  )) {
    const folder = join(proc, pid);
    mkdirSync(join(folder, 'ns'), { recursive: true });
    writeFileSync(join(folder, 'cgroup'), `${cgroup}\n`);
    writeFileSync(join(folder, 'status'), `Name:\tx\nPPid:\t${parent}\n`);
    if (network !== null) symlinkSync(network, join(folder, 'ns', 'net'));
  }
  return proc;
}

describe.each([
  ['dash', ['dash', '-c']],
  ['busybox', ['busybox', 'sh', '-c']],
] as const)('a pod on its node, in %s', (_, [shell = '', ...words]) => {
  const find = (proc: string, ids: readonly string[] = [ID]) => {
    const ours = [UID, '--', ...ids];
    const args = [...words, findScript, 'find', proc, `${ours.length}`, ...ours, 'sh', '-c', UID];
    const { status, stdout, stderr } = spawnSync(shell, args, { encoding: 'utf8' });
    expect(stderr).toBe('');
    return status === 0 ? Number(stdout) : `exit ${status}`;
  };

  it.each(Object.entries(LAYOUTS))('is found: %s', (_, { cgroup }) => {
    const proc = procWith({
      120: { cgroup: cgroup(OTHER_UID, 'c'.repeat(63)), network: 'net:[4026532999]' },
      300: { cgroup: cgroup(UID, ID) },
    });
    expect(find(proc)).toBe(300);
    // Also by its container alone, as for a static pod whose UID differs on the node.
    const foreign = procWith({ 300: { cgroup: cgroup(OTHER_UID, ID) } });
    expect(find(foreign)).toBe(300);
  });

  it.each(Object.entries(LAYOUTS))('is found by its pause process first: %s', (_, { cgroup }) => {
    const proc = procWith({
      200: { cgroup: cgroup(UID, ID) },
      300: { cgroup: cgroup(UID, PAUSE) },
    });
    expect(find(proc)).toBe(300);
  });

  it('without a pause process is found by a container’s first process, whose children may have other networks', () => {
    const cgroup = LAYOUTS['CRI-O, cgroup v2, systemd driver']?.cgroup(UID, ID) ?? '';
    const proc = procWith({
      2: { cgroup, network: 'net:[4026532777]', parent: 900 },
      900: { cgroup },
    });
    expect(find(proc)).toBe(900);
  });

  it('is never found by a process in the node’s network, such as CRI-O’s conmon', () => {
    const conmon = `0::/kubepods.slice/kubepods-pod${UID.replaceAll('-', '_')}.slice/crio-conmon-${ID}.scope`;
    expect(find(procWith({ 70: { cgroup: conmon, network: NODE } }))).toBe('exit 3');
    const cgroup = conmon.replace('conmon-', '');
    expect(find(procWith({ 70: { cgroup: conmon, network: NODE }, 80: { cgroup } }))).toBe(80);
  });

  it.each(Object.entries(STATE_FILES))("is found by the runtime's state files: %s", (_, file) => {
    const proc = procWith({ 450: {} });
    const path = join(proc, '1', 'root', file(ID));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, '450');
    expect(find(proc)).toBe(450);
    expect(find(proc, [])).toBe('exit 3');
  });

  it('is missing, or must not be inspected', () => {
    expect(find(procWith({ 300: {} }))).toBe('exit 3');
    const cgroup = `0::/kubepods/pod${UID}/${ID}`;
    expect(find(procWith({ 300: { cgroup, network: null } }))).toBe('exit 4');
  });

  it('the ports of kubelet, runtime and API server are found, and no others', () => {
    const proc = procWith({ 10: {}, 11: {}, 12: {} });
    const names = { 10: 'containerd', 11: 'nginx', 12: 'kubelet' };
    for (const [pid, name] of Object.entries(names)) {
      writeFileSync(join(proc, pid, 'comm'), `${name}\n`);
      mkdirSync(join(proc, pid, 'fd'));
      symlinkSync(`socket:[${pid}00]`, join(proc, pid, 'fd', '7'));
    }
    mkdirSync(join(proc, '1', 'net'));
    const row = (port: string, state: string, inode: number) =>
      `   0: 0100007F:${port} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0`;
    const rows = ['  sl  local_address', row('A0B5', '0A', 1000), row('0050', '0A', 1100)];
    writeFileSync(
      join(proc, '1', 'net', 'tcp'),
      `${[...rows, row('BEEF', '01', 1000)].join('\n')}\n`,
    );
    writeFileSync(join(proc, '1', 'net', 'tcp6'), `${row('280A', '0A', 1200)}\n`);
    const printed = execFileSync(shell, [...words, ownPortsScript, 'ports', proc], {
      encoding: 'utf8',
    });
    expect(printed).toBe('10250\n41141\n');
  });
});
