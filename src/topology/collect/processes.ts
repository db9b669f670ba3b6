import { type CgroupOwner, parseCgroup } from '../../tools/cgroup.ts';
import type { NodeProcess, Sandbox } from '../model/nodeFacts.ts';
import { nonEmptyLines, type Section, sectionText } from './sections.ts';

/** The processes of a node, and the first process of each network namespace. */
export interface ProcessFacts {
  readonly processes: readonly NodeProcess[];
  readonly sandboxes: readonly Sandbox[];
  /** By the inode of a network namespace. */
  readonly first: ReadonlyMap<number, FirstProcess>;
  readonly counts: ReadonlyMap<number, number>;
}

/** The process with the lowest id in a namespace. lsns shows this process for the namespace. */
export interface FirstProcess {
  readonly pid: number;
  readonly user: string;
  readonly command: string;
}

export function parseProcesses(sections: readonly Section[]): ProcessFacts {
  const netns = inodesByPid(sectionText(sections, 'net'));
  const mntns = inodesByPid(sectionText(sections, 'mnt'));
  const names = valuesByPid(sectionText(sections, 'comm'));
  const owners = new Map<number, CgroupOwner>();
  for (const [pid, line] of valuesByPid(sectionText(sections, 'cgroup'))) {
    const owner = parseCgroup(line);
    if (owner) owners.set(pid, owner);
  }
  // Leave out the processes of the collection itself.
  const ownPid = /\d+/.exec(sectionText(sections, 'self') ?? '')?.[0];
  const isOwn = (pid: number) =>
    ownPid !== undefined && mntns.get(pid) === Number(ownPid) && mntns.get(1) !== Number(ownPid);
  const processes = [...names]
    .filter(([pid]) => !isOwn(pid))
    .map(([pid, name]): NodeProcess => {
      const [net, mnt, owner] = [netns.get(pid), mntns.get(pid), owners.get(pid)];
      return {
        pid,
        name,
        ...(net !== undefined && { netns: net }),
        ...(mnt !== undefined && { mntns: mnt }),
        ...(owner?.podUid !== undefined && { podUid: owner.podUid }),
        ...(owner?.containerId !== undefined && { containerId: owner.containerId }),
      };
    })
    .sort((a, b) => a.pid - b.pid);
  const counts = new Map<number, number>();
  for (const [pid, inode] of netns)
    if (!isOwn(pid)) counts.set(inode, (counts.get(inode) ?? 0) + 1);
  return {
    processes,
    sandboxes: sandboxesOf(processes, netns.get(1)),
    first: firstProcesses(sections, names),
    counts,
  };
}

/** Reads lines `INODE PID`. */
function inodesByPid(text: string | undefined): Map<number, number> {
  return new Map(
    nonEmptyLines(text).map((line) => {
      const [inode, pid] = line.split(' ');
      return [Number(pid), Number(inode)];
    }),
  );
}

/** Reads lines `/proc/PID/FILE:VALUE` of grep. Only the first line of each process is used. */
function valuesByPid(text: string | undefined): Map<number, string> {
  const values = new Map<number, string>();
  for (const line of nonEmptyLines(text)) {
    const [, pid, value] = /^\/proc\/(\d+)\/\w+:(.*)$/s.exec(line) ?? [];
    // In cgroup v1, each hierarchy has a line, and the first one is enough.
    if (pid !== undefined && value !== undefined && !values.has(Number(pid)))
      values.set(Number(pid), value);
  }
  return values;
}

function sandboxesOf(processes: readonly NodeProcess[], host: number | undefined): Sandbox[] {
  const pods = Map.groupBy(
    processes.filter(({ podUid }) => podUid !== undefined),
    ({ podUid }) => podUid ?? '',
  );
  return [...pods].map(([podUid, members]) => {
    const inodes = members.map(({ netns }) => netns).filter((inode) => inode !== undefined);
    // CRI-O's conmon is in the pod's control group but in the node's network namespace.
    const netns = inodes.find((inode) => inode !== host) ?? inodes[0];
    const containers = new Set(members.map(({ containerId }) => containerId));
    return {
      podUid,
      ...(netns !== undefined && { netns }),
      containers: [...containers].filter((id) => id !== undefined),
    };
  });
}

function firstProcesses(
  sections: readonly Section[],
  names: ReadonlyMap<number, string>,
): Map<number, FirstProcess> {
  const users = usersOf(sectionText(sections, 'passwd'));
  const uids = new Map(
    nonEmptyLines(sectionText(sections, 'uid')).map((line) => {
      const [, uid, pid] = /^\S+ +\d+ +(\d+) .* \/proc\/(\d+)$/.exec(line) ?? [];
      return [Number(pid), uid];
    }),
  );
  const commands = sections.filter(({ name }) => name === 'next').map(({ body }) => body);
  return new Map(
    nonEmptyLines(sectionText(sections, 'first')).map((line, index) => {
      const [inode, pid] = line.split(' ').map(Number);
      const uid = uids.get(pid ?? 0) ?? '';
      return [
        inode ?? 0,
        {
          pid: pid ?? 0,
          user: users.get(uid) ?? uid,
          command: commandLine(commands[index]) || (names.get(pid ?? 0) ?? ''),
        },
      ];
    }),
  );
}

/** Words end with NUL. The last newline belongs to the section. */
function commandLine(body: Buffer | undefined): string {
  return (body?.toString() ?? '')
    .replace(/[\0\n]+$/, '')
    .replaceAll('\0', ' ')
    .slice(0, 4_096);
}

function usersOf(passwd: string | undefined): Map<string, string> {
  const users = new Map<string, string>();
  for (const line of nonEmptyLines(passwd)) {
    const [name = '', , uid = ''] = line.split(':');
    if (!users.has(uid)) users.set(uid, name);
  }
  return users;
}
