import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '..', '..', 'cluster', 'recordings');

/** What a real API server sent in one exec session. */
export interface RecordedExec {
  readonly frames: readonly {
    readonly dir: 'client' | 'server';
    readonly channel: number;
    readonly payload: string;
  }[];
  readonly refused?: { readonly status: number; readonly body: unknown };
}

export function recording<T>(name: string): T {
  return JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8')) as T;
}
