import { access, glob, readdir, readFile } from 'node:fs/promises';

/**
 * Everything on this machine that belongs to the cluster in that folder: one line each for files, links, mounts,
 * control groups and processes. Empty if nothing is left.
 */
export async function findLeftovers(folder: string): Promise<string[]> {
  const name = folder.slice(folder.lastIndexOf('/') + 1);
  const link = name.replace('netdebug-', 'nd');
  const leftovers = await Promise.all([
    present('folder', folder),
    present('link', `/sys/class/net/${link}`),
    mountsOf(name),
    controlGroupsOf(name),
    processesOf([name, link]),
  ]);
  return leftovers.flat();
}

async function present(what: string, path: string): Promise<string[]> {
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  return exists ? [`${what} ${path}`] : [];
}

async function mountsOf(name: string): Promise<string[]> {
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n');
  return mounts.filter((line) => line.includes(name)).map((line) => `mount ${line}`);
}

/** In the single hierarchy of version 2, or in all hierarchies of version 1. */
async function controlGroupsOf(name: string): Promise<string[]> {
  const leftovers: string[] = [];
  const groups = glob([`/sys/fs/cgroup/${name}`, `/sys/fs/cgroup/*/${name}`]);
  for await (const path of groups) leftovers.push(`control group ${path}`);
  return leftovers;
}

/** Found by their command lines, their control groups and their mounts. */
async function processesOf(names: readonly string[]): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  const leftovers: string[] = [];
  for (const pid of pids) {
    if (Number(pid) === process.pid) continue;
    const files = ['cmdline', 'cgroup', 'mounts'].map((file) => `/proc/${pid}/${file}`);
    // A process may end in the meantime.
    const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')));
    const text = texts.join('\n');
    if (names.some((name) => text.includes(name)))
      leftovers.push(`process ${pid} ${texts[0]?.replaceAll('\0', ' ')}`);
  }
  return leftovers;
}
