import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve, sep } from 'node:path';
import { loadAll } from 'js-yaml';
import { errorCode, messageOf, Problem } from '../problem.ts';
import { checkShape } from './kubeconfigShape.ts';

/** One entry of a kubeconfig's list, its file names absolute, and the file that it stands in. */
export interface NamedEntry {
  readonly entry: Entry;
  readonly file: string;
}

export type Entry = Readonly<Record<string, unknown>>;

/** What all kubeconfig files say together. */
export interface Kubeconfig {
  /** The files that were looked for, in their order. */
  readonly files: readonly string[];
  readonly currentContext: string | undefined;
  readonly clusters: ReadonlyMap<string, NamedEntry>;
  readonly users: ReadonlyMap<string, NamedEntry>;
  readonly contexts: ReadonlyMap<string, NamedEntry>;
}

const FILE_FIELDS = ['certificate-authority', 'client-certificate', 'client-key', 'tokenFile'];

/**
 * Reads the kubeconfig files as kubectl does: `explicit` (which must exist), else KUBECONFIG's list,
 * else ~/.kube/config; of several entries with one name the first file's counts. Throws a Problem
 * that names every broken file, worded as kubectl words it.
 */
export function readKubeconfig(explicit: string | undefined, env: NodeJS.ProcessEnv): Kubeconfig {
  const files = kubeconfigFiles(explicit, env);
  let currentContext: string | undefined;
  const clusters = new Map<string, NamedEntry>();
  const users = new Map<string, NamedEntry>();
  const contexts = new Map<string, NamedEntry>();
  const broken: string[] = [];
  for (const file of files) {
    try {
      const document = readDocument(file, explicit !== undefined);
      currentContext ||= textOf(document['current-context']);
      collect(clusters, document.clusters, 'cluster', file);
      collect(users, document.users, 'user', file);
      collect(contexts, document.contexts, 'context', file);
    } catch (error) {
      if (error instanceof Problem) throw error;
      broken.push(`error loading config file "${file}": ${messageOf(error)}`);
    }
  }
  if (broken.length > 0) throw new Problem(broken.join('\n'));
  return { files, currentContext, clusters, users, contexts };
}

function kubeconfigFiles(explicit: string | undefined, env: NodeJS.ProcessEnv): string[] {
  if (explicit !== undefined) return [explicit];
  if (env.KUBECONFIG)
    return [...new Set(env.KUBECONFIG.split(delimiter))].filter((path) => path !== '');
  return [join(env.HOME || homedir(), '.kube', 'config')];
}

function readDocument(file: string, required: boolean): Entry {
  let source: string;
  try {
    source = readFileSync(file, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'EISDIR') throw new Error(`read ${file}: is a directory`);
    if (errorCode(error) !== 'ENOENT') throw error;
    if (required) throw new Problem(`stat ${file}: no such file or directory`, { cause: error });
    return {};
  }
  // As kubectl: an empty file is one that says nothing, and only the first document counts.
  const [document] = loadAll(source);
  if (document === undefined || document === null) return {};
  checkShape(document);
  return document as Entry;
}

function collect(into: Map<string, NamedEntry>, list: unknown, field: string, path: string): void {
  const own = new Set<string>();
  for (const item of Array.isArray(list) ? list : []) {
    if (!isEntry(item)) continue;
    const name = typeof item.name === 'string' ? item.name : '';
    if (own.has(name)) throw new Error(`duplicate name "${name}" in list of ${field}s`);
    own.add(name);
    if (into.has(name)) continue;
    const entry = isEntry(item[field]) ? { ...item[field] } : {};
    for (const key of FILE_FIELDS) {
      const file = entry[key];
      if (typeof file === 'string' && file !== '') entry[key] = resolve(dirname(path), file);
    }
    if (isEntry(entry.exec)) entry.exec = besideFile(entry.exec, path);
    into.set(name, { entry, file: path });
  }
}

/** A credential plugin with a folder in its name is relative to the file; any other is on PATH. */
function besideFile(plugin: Entry, path: string): Entry {
  const { command } = plugin;
  return typeof command === 'string' && command.includes(sep)
    ? { ...plugin, command: resolve(dirname(path), command) }
    : plugin;
}

export function isEntry(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A text that says something; kubectl takes an empty one for none. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
