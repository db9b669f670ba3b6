import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve, sep } from 'node:path';
import { loadAll } from 'js-yaml';
import { isObject, type JsonObject, nonEmptyText } from '../jsonObject.ts';
import { errorCode, messageOf, Problem } from '../problem.ts';
import { checkFieldTypes } from './kubeconfigTypeCheck.ts';
import { splitKubeconfig, type UnparsedItem } from './splitKubeconfig.ts';

/** One entry of a list in a kubeconfig, with absolute file names, and the file that contains it. */
export interface NamedEntry {
  readonly entry: JsonObject;
  readonly file: string;
}

/** The merged content of all kubeconfig files. */
export interface Kubeconfig {
  /** The files that were searched, in order. */
  readonly files: readonly string[];
  readonly currentContext: string | undefined;
  readonly clusters: ReadonlyMap<string, NamedEntry>;
  readonly users: ReadonlyMap<string, NamedEntry>;
  readonly contexts: ReadonlyMap<string, NamedEntry>;
}

export interface ReadOptions {
  /** The user waits for a second at most: a file that takes longer to parse is an error. */
  readonly quick?: boolean;
}

const FILE_FIELDS = ['certificate-authority', 'client-certificate', 'client-key', 'tokenFile'];

/**
 * Reads the kubeconfig files as kubectl does: `explicit` (which must exist), else KUBECONFIG's list, else
 * ~/.kube/config. If several entries have the same name, the first file wins. Throws a Problem that names every invalid
 * file, with kubectl's wording.
 */
export function readKubeconfig(
  explicit: string | undefined,
  env: NodeJS.ProcessEnv,
  options: ReadOptions = {},
): Kubeconfig {
  const files = kubeconfigFiles(explicit, env);
  let currentContext: string | undefined;
  const clusters = new Map<string, NamedEntry>();
  const users = new Map<string, NamedEntry>();
  const contexts = new Map<string, NamedEntry>();
  const errors: string[] = [];
  for (const file of files) {
    try {
      const document = readDocument(file, explicit !== undefined, options);
      currentContext ||= nonEmptyText(document.currentContext);
      addEntries(clusters, document.clusters, 'cluster', file);
      addEntries(users, document.users, 'user', file);
      addEntries(contexts, document.contexts, 'context', file);
    } catch (error) {
      if (error instanceof Problem) throw error;
      errors.push(`error loading config file "${file}": ${messageOf(error)}`);
    }
  }
  if (errors.length > 0) throw new Problem(errors.join('\n'), { kind: 'configuration' });
  return { files, currentContext, clusters, users, contexts };
}

function kubeconfigFiles(explicit: string | undefined, env: NodeJS.ProcessEnv): string[] {
  if (explicit !== undefined) return [explicit];
  if (env.KUBECONFIG)
    return [...new Set(env.KUBECONFIG.split(delimiter))].filter((path) => path !== '');
  return [join(env.HOME || homedir(), '.kube', 'config')];
}

/** The content of one file: names and entries. In a large file, entries are parsed when they are needed. */
interface Document {
  readonly currentContext?: unknown;
  readonly clusters: readonly UnparsedItem[];
  readonly users: readonly UnparsedItem[];
  readonly contexts: readonly UnparsedItem[];
}

/** In characters. Parsing and checking 6 MB of YAML takes a second and more on a laptop. */
const LARGE_FILE_CHARACTERS = 200_000;
const MAX_QUICK_CHARACTERS = 1_000_000;

function readDocument(file: string, required: boolean, { quick }: ReadOptions): Document {
  let source: string;
  try {
    source = readFileSync(file, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'EISDIR') throw new Error(`read ${file}: is a directory`);
    if (errorCode(error) !== 'ENOENT') throw error;
    if (required)
      throw new Problem(`stat ${file}: no such file or directory`, {
        kind: 'configuration',
        cause: error,
      });
    return { clusters: [], users: [], contexts: [] };
  }
  const large = source.length > LARGE_FILE_CHARACTERS ? splitKubeconfig(source) : undefined;
  if (quick && !large && source.length > MAX_QUICK_CHARACTERS && !source.startsWith('{'))
    throw new Error('parsing takes too long');
  const document = large?.rest ?? parse(source);
  checkFieldTypes(document);
  return {
    currentContext: document['current-context'],
    clusters: large?.clusters ?? itemsOf(document.clusters),
    users: large?.users ?? itemsOf(document.users),
    contexts: large?.contexts ?? itemsOf(document.contexts),
  };
}

/** As in kubectl, an empty file has no settings, and only the first document counts. */
function parse(source: string): JsonObject {
  const json =
    source.length > LARGE_FILE_CHARACTERS && source.startsWith('{')
      ? tryParseJson(source)
      : undefined;
  const [document] = json === undefined ? loadAll(source) : [json];
  return (document ?? {}) as JsonObject;
}

/** JSON is also YAML. A large file is parsed a hundred times as fast as JSON. */
function tryParseJson(source: string): unknown {
  try {
    return JSON.parse(source);
  } catch {
    return undefined;
  }
}

function itemsOf(list: unknown): UnparsedItem[] {
  return (Array.isArray(list) ? list : []).filter(isObject).map((item) => ({
    name: typeof item.name === 'string' ? item.name : '',
    parse: () => item,
  }));
}

function addEntries(
  entries: Map<string, NamedEntry>,
  list: readonly UnparsedItem[],
  field: 'cluster' | 'user' | 'context',
  file: string,
): void {
  const namesInFile = new Set<string>();
  for (const item of list) {
    const { name } = item;
    if (namesInFile.has(name)) throw new Error(`duplicate name "${name}" in list of ${field}s`);
    namesInFile.add(name);
    if (!entries.has(name)) entries.set(name, new LazyEntry(item, field, file));
  }
}

/** An entry that is parsed when it is first read. */
class LazyEntry implements NamedEntry {
  readonly file: string;
  readonly #item: UnparsedItem;
  readonly #field: 'cluster' | 'user' | 'context';
  #entry: JsonObject | undefined;

  constructor(item: UnparsedItem, field: 'cluster' | 'user' | 'context', file: string) {
    this.#item = item;
    this.#field = field;
    this.file = file;
  }

  /** Throws a Problem, as `readKubeconfig` does. */
  get entry(): JsonObject {
    this.#entry ??= this.#parse();
    return this.#entry;
  }

  #parse(): JsonObject {
    const [field, file] = [this.#field, this.file];
    let item: unknown;
    try {
      item = this.#item.parse();
      checkFieldTypes({ [`${field}s`]: [item] });
    } catch (error) {
      throw new Problem(`error loading config file "${file}": ${messageOf(error)}`, {
        kind: 'configuration',
      });
    }
    const value = isObject(item) ? item[field] : undefined;
    const entry = isObject(value) ? { ...value } : {};
    for (const key of FILE_FIELDS) {
      const path = entry[key];
      if (typeof path === 'string' && path !== '') entry[key] = resolve(dirname(file), path);
    }
    if (isObject(entry.exec)) entry.exec = resolvePluginPath(entry.exec, file);
    return entry;
  }
}

/**
 * As kubectl does, resolves a credential plugin with a folder in its name relative to the file. Any other is searched
 * in PATH.
 */
function resolvePluginPath(plugin: JsonObject, path: string): JsonObject {
  const { command } = plugin;
  return typeof command === 'string' && command.includes(sep)
    ? { ...plugin, command: resolve(dirname(path), command) }
    : plugin;
}
