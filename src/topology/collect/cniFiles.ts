import { isIP } from 'node:net';
import { basename, dirname } from 'node:path';
import { extract } from 'tar-stream';
import type {
  CachedResult,
  CniFacts,
  ConfigurationFile,
  DelegateFile,
  FileFault,
  LastReserved,
  Lease,
} from '../model/cniFacts.ts';
import { parseCachedResult } from './cachedResult.ts';
import { type FoundFile, fileText, hideSecrets, parseJsonFile } from './nodeFile.ts';
import { nonEmptyLines, type Section, sectionText } from './sections.ts';

/**
 * Reads the CNI files from the archive that collect.sh made; undefined if there is none. Any content is accepted:
 * damaged files get a `fault`.
 */
export async function parseCniFiles(
  sections: readonly Section[],
  { showAnnotations }: { readonly showAnnotations: boolean },
): Promise<CniFacts | undefined> {
  const archive = sections.find(({ name }) => name === 'cni-tar');
  if (!archive) return undefined;
  const files = [
    ...(await filesOf(archive.body)),
    ...nonEmptyLines(sectionText(sections, 'cni-odd')).map(
      (path): FoundFile => ({
        path: onNode(path),
        content: Buffer.alloc(0),
        fault: {
          reason: 'too-large',
          detail: 'larger than 1 MiB, or a name with control characters',
        },
      }),
    ),
  ].sort((a, b) => (a.path < b.path ? -1 : 1));
  const configurations: ConfigurationFile[] = [];
  const results: CachedResult[] = [];
  const leases: Lease[] = [];
  const lastReserved: LastReserved[] = [];
  const delegates: DelegateFile[] = [];
  let subnetEnv: Record<string, string> | undefined;
  const seen = new Set<string>();
  for (const file of files) {
    const { path } = file;
    // The same file can be reached through several folders.
    if (seen.has(path)) continue;
    seen.add(path);
    const name = basename(path);
    const folder = basename(dirname(path));
    if (name === 'subnet.env') subnetEnv = parseEnvironment(fileText(file));
    else if (folder === 'results') results.push(parseCachedResult(file, showAnnotations));
    else if (folder === 'flannel' && /^[0-9a-f]{64}$/.test(name))
      delegates.push(parseDelegate(file, name));
    else if (isIP(name)) leases.push(parseLease(file, folder, name));
    else if (name.startsWith('last_reserved_ip.'))
      lastReserved.push({
        network: folder,
        range: name.slice('last_reserved_ip.'.length),
        address: fileText(file).trim().slice(0, 64),
      });
    else if (/\.(?:conf|conflist|json)$/.test(name)) configurations.push(parseConfiguration(file));
  }
  return {
    configurations: activeConfiguration(configurations),
    results,
    leases,
    lastReserved,
    delegates,
    ...(subnetEnv && { subnetEnv }),
  };
}

/** Removes the path under which collect.sh sees the node's files. */
function onNode(path: string): string {
  return `/${path.replace(/^\/?proc\/1\/root\/*/, '').replace(/\/+/g, '/')}`;
}

/** Reads the files of an archive that may be cut off. */
async function filesOf(archive: Buffer): Promise<FoundFile[]> {
  const files: FoundFile[] = [];
  const entries = extract();
  entries.on('error', () => {});
  entries.end(archive);
  try {
    for await (const entry of entries) {
      const { name, type, mtime } = entry.header;
      const chunks: Buffer[] = [];
      for await (const chunk of entry as AsyncIterable<Buffer>) chunks.push(chunk);
      if (type !== 'file') continue;
      files.push({
        path: onNode(name),
        content: Buffer.concat(chunks),
        ...(mtime && { modifiedAt: Math.floor(mtime.getTime() / 1000) }),
      });
    }
  } catch {
    // Files before the cut are complete.
  }
  return files;
}

function parseConfiguration(file: FoundFile): ConfigurationFile {
  const { value, fault } = parseJsonFile(file);
  const plugins = Array.isArray(value?.plugins) ? value.plugins : value ? [value] : [];
  const types = plugins
    .map((plugin: unknown) => (plugin as { type?: unknown } | null)?.type)
    .filter((type) => typeof type === 'string');
  const invalid: FileFault | undefined =
    value && types.length === 0 ? { reason: 'not-json', detail: 'no plugin in it' } : undefined;
  return {
    ...fileFields(file, fault ?? invalid),
    inForce: false,
    ...(typeof value?.name === 'string' && { name: value.name }),
    ...(typeof value?.cniVersion === 'string' && { cniVersion: value.cniVersion }),
    plugins: types,
    ...(value && { content: hideSecrets(value) }),
  };
}

/** Runtimes use the first valid file of their folder, by name. */
function activeConfiguration(configurations: readonly ConfigurationFile[]): ConfigurationFile[] {
  const folders = new Set<string>();
  return configurations.map((file) => {
    const folder = dirname(file.path);
    if (file.fault || folders.has(folder)) return file;
    folders.add(folder);
    return { ...file, inForce: true };
  });
}

/** host-local writes `ID\r\nIFNAME`; before version 0.8 of the plugins, it wrote only the id. */
function parseLease(file: FoundFile, network: string, address: string): Lease {
  const [id = '', ifName = ''] = fileText(file).trim().split(/\s+/);
  const isId = /^[\w.-]{1,256}$/.test(id);
  const fault: FileFault | undefined =
    file.fault ?? (isId ? undefined : { reason: id === '' ? 'empty' : 'binary' });
  return {
    ...fileFields(file, fault),
    network,
    address,
    ...(isId && { containerId: id }),
    ...(isId && ifName !== '' && ifName.length <= 15 && { ifName }),
  };
}

function parseDelegate(file: FoundFile, containerId: string): DelegateFile {
  const { value, fault } = parseJsonFile(file);
  return { ...fileFields(file, fault), containerId, ...(value && { content: hideSecrets(value) }) };
}

function fileFields({ path, modifiedAt }: FoundFile, fault: FileFault | undefined) {
  return {
    path,
    ...(fault && { fault }),
    ...(modifiedAt !== undefined && { modifiedAt }),
  };
}

/** Reads lines `NAME=VALUE`. */
function parseEnvironment(text: string): Record<string, string> {
  const lines = text.split('\n').map((line) => /^([A-Z0-9_]{1,64})=(.{0,1024})$/.exec(line.trim()));
  return Object.fromEntries(
    lines.filter((match) => match !== null).map(([, name, value]) => [name, value]),
  );
}
