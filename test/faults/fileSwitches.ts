import { readFile, rename, writeFile } from 'node:fs/promises';
import { load } from 'js-yaml';
import type { SwitchBoard, Switches } from './switches.ts';

/**
 * Switches in a YAML or JSON file: namespace (or `*`) -> name -> value. The file is read for each request, so that it
 * can be edited at any time. Counted switches are counted in the file.
 */
export class FileSwitches implements SwitchBoard {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async read(namespace: string): Promise<Switches> {
    const all = await this.#load();
    return { ...all['*'], ...all[namespace] };
  }

  async set(namespace: string, name: string, value: string | undefined): Promise<void> {
    const all = await this.#load();
    const owner = all[namespace]?.[name] === undefined ? '*' : namespace;
    const { [name]: _old, ...others } = all[owner] ?? {};
    all[owner] = value === undefined ? others : { ...others, [name]: value };
    await writeFile(`${this.#path}.new`, `${JSON.stringify(all, null, 2)}\n`);
    await rename(`${this.#path}.new`, this.#path);
  }

  async #load(): Promise<Record<string, Record<string, string>>> {
    const text = await readFile(this.#path, 'utf8');
    // An empty file is not a document.
    const parsed = text.trim() === '' ? {} : load(text);
    const all = typeof parsed === 'object' && parsed !== null ? Object.entries(parsed) : [];
    return Object.fromEntries(
      all.map(([namespace, switches]) => [
        namespace,
        Object.fromEntries(
          Object.entries(switches ?? {}).map(([name, value]) => [name, String(value)]),
        ),
      ]),
    );
  }
}
