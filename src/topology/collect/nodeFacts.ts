import { number, parseIpRecords, text } from '../../tools/ip/records.ts';
import { parseNamespaceMount } from '../../tools/mountinfo.ts';
import type { NamespaceOwner, NetworkNamespace, NsfsMount } from '../model/networkNamespace.ts';
import type { NodeFacts, RuntimeFacts } from '../model/nodeFacts.ts';
import type { Unknown } from '../model/unknown.ts';
import { parseCniFiles } from './cniFiles.ts';
import { type InsideFacts, parseInside } from './namespaceFacts.ts';
import { type ProcessFacts, parseProcesses } from './processes.ts';
import { nonEmptyLines, type Section, sectionText } from './sections.ts';

export interface NodeFactsOptions {
  readonly name: string;
  /** Whether to keep the values of annotations in CNI files. */
  readonly showAnnotations: boolean;
}

/** Assembles the facts of one node from collect.sh's output. The owners of namespaces have no names yet. */
export async function nodeFactsOf(
  sections: readonly Section[],
  { name, showAnnotations }: NodeFactsOptions,
): Promise<NodeFacts> {
  const unknown: Unknown[] = [];
  const [kernel = '', collectedAt = ''] = nonEmptyLines(sectionText(sections, 'begin'));
  const facts = parseProcesses(sections);
  const mounts = parseMounts(sections, facts);
  const insides = insideSections(sections);
  const netnsids = parseNetnsids(sections);
  const hostInode = facts.processes.find(({ pid }) => pid === 1)?.netns ?? 0;
  const replaced = replacedInodes(sections);
  const inodes = new Set([
    ...(hostInode > 0 ? [hostInode] : []),
    ...facts.counts.keys(),
    ...mounts.keys(),
  ]);
  const tools = nonEmptyLines(sectionText(sections, 'tools'));
  const modules = nonEmptyLines(sectionText(sections, 'modules'));
  const runtime = parseRuntime(sections);
  const cni = await parseCniFiles(sections, { showAnnotations });
  for (const [tool, what] of NEEDED)
    if (!tools.includes(tool))
      unknown.push({ what, why: `the image has no ${tool}`, needs: `an image with ${tool}` });
  if (sections.some(({ name }) => name === 'denied'))
    unknown.push({
      what: 'network namespaces',
      why: 'the processes of the node cannot be inspected: a security module such as AppArmor or SELinux forbids it',
    });
  return {
    name,
    collectedAt,
    kernel,
    hostInode,
    namespaces: [...inodes].map((inode) => {
      const owner = ownerOf(inode, hostInode, facts);
      const inside: InsideFacts = replaced.has(inode)
        ? { answers: [], unknown: [{ what: 'links', why: 'its processes have ended' }] }
        : parseInside(insides.get(inode) ?? []);
      return namespaceOf({ inode, owner, facts, mounts, netnsids, inside });
    }),
    processes: facts.processes,
    ...(modules[0] !== 'none' && { modules }),
    sandboxes: facts.sandboxes,
    ...(runtime && { runtime }),
    ...(cni && { cni }),
    tools,
    unknown,
  };
}

/** What cannot be read without these programs. */
const NEEDED = [
  ['ip', 'devices, addresses and routes'],
  ['nsenter', 'the contents of network namespaces of other processes'],
  ['bridge', 'forwarding tables of bridges'],
  ['tar', 'files of CNI plugins'],
] as const;

function namespaceOf({
  inode,
  owner,
  facts,
  mounts,
  netnsids,
  inside,
}: {
  readonly inode: number;
  readonly owner: NamespaceOwner;
  readonly facts: ProcessFacts;
  readonly mounts: ReadonlyMap<number, readonly NsfsMount[]>;
  readonly netnsids: ReadonlyMap<number, number>;
  readonly inside: InsideFacts;
}): NetworkNamespace {
  const first = facts.first.get(inode);
  const netnsid = netnsids.get(inode);
  return {
    inode,
    owner,
    processCount: facts.counts.get(inode) ?? 0,
    ...(first && { pid: first.pid, user: first.user, command: first.command }),
    ...(netnsid !== undefined && { netnsid }),
    mounts: mounts.get(inode) ?? [],
    ...inside,
  };
}

function ownerOf(
  inode: number,
  host: number,
  { processes, sandboxes }: ProcessFacts,
): NamespaceOwner {
  if (inode === host) return { kind: 'host' };
  const sandbox = sandboxes.find(({ netns }) => netns === inode);
  if (sandbox) return { kind: 'pod', uid: sandbox.podUid };
  const members = processes.filter(({ netns }) => netns === inode);
  const id = members.find(({ containerId }) => containerId !== undefined)?.containerId;
  return id === undefined ? { kind: 'other' } : { kind: 'container', id };
}

/** Lists each path of a namespace once, because containers see the same mounts many times. */
function parseMounts(
  sections: readonly Section[],
  { processes }: ProcessFacts,
): Map<number, NsfsMount[]> {
  const mntns = new Map(processes.map(({ pid, mntns }) => [pid, mntns]));
  const mountsByInode = new Map<number, NsfsMount[]>();
  for (const line of nonEmptyLines(sectionText(sections, 'mounts'))) {
    const [, pid, rest = ''] = /^\/proc\/(\d+)\/mountinfo:(.*)$/.exec(line) ?? [];
    const mount = parseNamespaceMount(rest);
    if (mount?.kind !== 'net') continue;
    const mounts = mountsByInode.get(mount.inode) ?? [];
    if (!mounts.some(({ path }) => path === mount.path))
      mounts.push({ path: mount.path, mntns: mntns.get(Number(pid)) ?? 0 });
    mountsByInode.set(mount.inode, mounts);
  }
  return mountsByInode;
}

/** Namespace ids by inode. collect.sh names each namespace after its inode. */
function parseNetnsids(sections: readonly Section[]): Map<number, number> {
  const netnsidsByInode = new Map<number, number>();
  try {
    for (const { name, nsid } of parseIpRecords(sectionText(sections, 'netnsids') ?? '')) {
      const [, inode] = /^i(\d+)$/.exec(text(name) ?? '') ?? [];
      const id = number(nsid);
      if (inode !== undefined && id !== undefined) netnsidsByInode.set(Number(inode), id);
    }
  } catch {
    // Namespace ids are optional: without them, a column stays empty.
  }
  return netnsidsByInode;
}

/** Groups sections by the inode of their namespace. */
function insideSections(sections: readonly Section[]): Map<number, Section[]> {
  const sectionsByInode = new Map<number, Section[]>();
  let inode: number | undefined;
  const add = (to: number, section: Section) =>
    sectionsByInode.set(to, [...(sectionsByInode.get(to) ?? []), section]);
  for (const section of sections) {
    const [word = ''] = section.words;
    const failed = /^(?:ns|full)-(\d+)$/.exec(section.name === 'failed' ? word : '')?.[1];
    if (failed !== undefined) add(Number(failed), section);
    else if (section.name === 'ns' || section.name === 'resolv') {
      add(Number(word), section);
      inode = undefined;
    } else if (section.name === 'full') inode = Number(word);
    else if (section.name === 'runtime' || section.name === 'checked') inode = undefined;
    else if (inode !== undefined) add(inode, section);
  }
  return sectionsByInode;
}

/** Namespaces whose process had ended, or was in another namespace, when the collection ended. */
function replacedInodes(sections: readonly Section[]): Set<number> {
  const now = new Map(
    nonEmptyLines(sectionText(sections, 'checked')).map((line) => {
      const [inode, pid] = line.split(' ');
      return [pid, Number(inode)];
    }),
  );
  const replaced = new Set<number>();
  for (const line of nonEmptyLines(sectionText(sections, 'namespaces'))) {
    const [, inode, pid] = /^(\d+) \/proc\/(\d+)\/ns\/net$/.exec(line) ?? [];
    if (pid !== undefined && now.size > 0 && now.get(pid) !== Number(inode))
      replaced.add(Number(inode));
  }
  return replaced;
}

function parseRuntime(sections: readonly Section[]): RuntimeFacts | undefined {
  const lines = nonEmptyLines(sectionText(sections, 'runtime'));
  const folders = lines.filter((line) => line.startsWith('folder '));
  if (folders.length === 0) return undefined;
  return {
    folders: [...new Set(folders.map((line) => line.slice('folder '.length)))],
    ids: [...new Set(lines.filter((line) => /^[0-9a-f]+$/.test(line)))],
  };
}
