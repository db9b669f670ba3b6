import { load } from 'js-yaml';

/** A kubeconfig whose lists are split into items. The items are parsed when they are read. */
export interface SplitKubeconfig {
  /** Everything except the three lists, parsed. */
  readonly rest: Readonly<Record<string, unknown>>;
  readonly clusters: readonly UnparsedItem[];
  readonly users: readonly UnparsedItem[];
  readonly contexts: readonly UnparsedItem[];
}

export interface UnparsedItem {
  readonly name: string;
  /** Parses the item: an object with its name and its entry. Throws the errors of the YAML parser. */
  readonly parse: () => unknown;
}

const LISTS = ['clusters', 'users', 'contexts'];
/** Anchors, aliases and merges: references between parts of a YAML document. */
const YAML_REFERENCE = /\s[&*][^\s,]|<<:/;
const [SPACE, DASH, HASH, NEWLINE, CARRIAGE_RETURN] = [0x20, 0x2d, 0x23, 0x0a, 0x0d];

/**
 * Splits a kubeconfig in kubectl's own format into the items of its lists. This takes a small part of the time of
 * parsing it. Returns undefined for any other format.
 */
export function splitKubeconfig(source: string): SplitKubeconfig | undefined {
  const mayHaveReferences = source.includes('&') || source.includes('*') || source.includes('<<:');
  if (mayHaveReferences && YAML_REFERENCE.test(source)) return undefined;
  const keys = new Set<string>();
  const lists: Record<string, UnparsedItem[]> = { clusters: [], users: [], contexts: [] };
  let rest = '';
  let list: ItemList | undefined;
  let at = source.startsWith('---\n') ? 4 : 0;
  while (at < source.length) {
    const newline = source.indexOf('\n', at);
    const end = newline < 0 ? source.length : newline + 1;
    let first = at;
    while (source.charCodeAt(first) === SPACE) first++;
    const indent = first - at;
    const code = source.charCodeAt(first);
    const isBlank = code === NEWLINE || code === CARRIAGE_RETURN || first === end || code === HASH;
    // Another document starts here.
    if (source.startsWith('---', at)) return undefined;
    if (isBlank || indent > 0 || code === DASH) {
      if (list) {
        if (!isBlank && !list.addLine(at, indent, code === DASH)) return undefined;
      } else rest += source.slice(at, end);
    } else {
      if (list && !list.end(at)) return undefined;
      const [, key, value] = /^([A-Za-z][\w-]*):(.*)$/.exec(source.slice(at, end).trimEnd()) ?? [];
      if (key === undefined || keys.has(key)) return undefined;
      keys.add(key);
      list = undefined;
      if (!LISTS.includes(key)) rest += source.slice(at, end);
      else if (value?.trim() === '') {
        list = new ItemList(source);
        lists[key] = list.items;
      } else if (!/^\s*(?:\[\]|null)$/.test(value ?? '')) return undefined;
    }
    at = end;
  }
  if (list && !list.end(source.length)) return undefined;
  const { clusters = [], users = [], contexts = [] } = lists;
  if (keys.size === 0) return undefined;
  const parsed = rest.trim() === '' ? {} : load(rest);
  return { rest: parsed as Record<string, unknown>, clusters, users, contexts };
}

/** Collects the items of one list while the lines of the document are read. */
class ItemList {
  readonly items: UnparsedItem[] = [];
  readonly #source: string;
  /** The indentation of each item's dash. */
  #indent: number | undefined;
  #start = 0;
  #name: string | undefined;

  constructor(source: string) {
    this.#source = source;
  }

  /** Takes a line that starts at `at`. Returns false if it is not in a format that can be split. */
  addLine(at: number, indent: number, isItem: boolean): boolean {
    if (this.#indent === undefined) {
      if (!isItem) return false;
      this.#indent = indent;
      this.#start = at;
    } else if (indent === this.#indent && isItem) {
      if (!this.end(at)) return false;
      this.#start = at;
    } else if (indent <= this.#indent) return false;
    const field = this.#indent + 2;
    const isField = indent === field || (indent === this.#indent && isItem);
    if (isField && this.#source.startsWith('name:', at + field)) {
      this.#name = parseName(this.#source.slice(at + field + 5, lineEnd(this.#source, at)));
      return this.#name !== undefined;
    }
    // There is one space between the dash and the field.
    return !isItem || indent > this.#indent || this.#source.charCodeAt(at + indent + 1) === SPACE;
  }

  /** The list, or its last item, ends at `at`. */
  end(at: number): boolean {
    if (this.#indent === undefined) return true;
    const [name, text] = [this.#name, this.#source.slice(this.#start, at)];
    if (name === undefined) return false;
    this.items.push({ name, parse: () => (load(text) as unknown[])[0] });
    this.#name = undefined;
    return true;
  }
}

function lineEnd(source: string, at: number): number {
  const newline = source.indexOf('\n', at);
  return newline < 0 ? source.length : newline;
}

/** The text after `name:`. Undefined if only the parser can read it. */
function parseName(value: string): string | undefined {
  const [, quote, name] = /^ +(["']?)(\w[^\s"'\\]*)\1\s*$/.exec(value) ?? [];
  if (name === undefined) return undefined;
  // An unquoted number or boolean is not a text.
  const isText = quote || (/^[A-Za-z]/.test(name) && !/^(?:true|false|null)$/i.test(name));
  return isText || typeof load(name) === 'string' ? name : undefined;
}
