import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { type FetchOptions, fetchSpool } from '../../../../src/capture/fetch/fetchSpool.ts';
import type { SpoolSource } from '../../../../src/capture/fetch/spoolSource.ts';
import { MANIFEST_NAME, type Manifest } from '../../../../src/capture/manifest.ts';
import { samplePcap } from '../../pcap/samplePcap.ts';
import { LocalSpool, ORIGIN } from './localSpool.ts';

/** 2026-11-24T13:05:00Z: the start of the sample captures. */
export const START = 1_795_525_500;

const all = mkdtempSync(join(tmpdir(), 'netdebug-fetch-'));
afterAll(() => rmSync(all, { recursive: true, force: true }));

/** A folder that is removed at the end of the test file. */
export function freshFolder(): string {
  return mkdtempSync(join(all, 'test-'));
}

/** A spool with these files, numbered from 1, and a path for a folder to fetch into that does not exist yet. */
export function spoolOf(files: readonly Buffer[]): { spool: LocalSpool; folder: string } {
  const spool = LocalSpool.make(freshFolder());
  for (const [index, file] of files.entries()) spool.write(index + 1, file);
  return { spool, folder: join(freshFolder(), 'out') };
}

/** A recorded file of about `bytes`, whose first packet arrived `seq` seconds after the start. */
export function recorded(seq: number, bytes = 1000): Buffer {
  const lengths = Array.from({ length: Math.max(1, Math.round(bytes / 1000)) }, (_, index) =>
    Math.max(0, 984 + ((index * 7 + seq) % 9) - 4),
  );
  return samplePcap(lengths, { start: START + seq });
}

/** Short limits, for tests that wait for silence or for the fetch to give up. */
export const IMPATIENT = { idle: 1000, status: 300, giveUpAfter: 3000, firstPause: 20 };

/** Fetches with the settings of a test. Only pauses are short, because the machine may be busy. */
export function fetchFrom(
  source: SpoolSource,
  folder: string,
  more: Partial<FetchOptions> = {},
): Promise<Manifest> {
  return fetchSpool(source, {
    folder,
    origin: ORIGIN,
    verify: 'sha256',
    streams: 1,
    allowCompression: false,
    signal: new AbortController().signal,
    limits: { firstPause: 20 },
    ...more,
  });
}

export function manifestIn(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, MANIFEST_NAME), 'utf8')) as Manifest;
}

/** The files of the folder without the manifest, sorted. */
export function namesIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name !== MANIFEST_NAME)
    .sort();
}

/** Fails unless the folder has exactly these files, complete, in this order, and the manifest agrees. */
export function expectWhole(folder: string, files: readonly Buffer[]): void {
  const names = namesIn(folder);
  expect(names.filter((name) => !name.endsWith('Z.pcap'))).toEqual([]);
  expect(names).toHaveLength(files.length);
  // Not toEqual, which would print a megabyte.
  for (const [index, file] of files.entries())
    expect(readFileSync(join(folder, names[index] ?? '')).equals(file), names[index]).toBe(true);
  const { files: entries } = manifestIn(folder);
  expect(entries.map(({ name, state, size }) => ({ name, state, size }))).toEqual(
    files.map((file, index) => ({ name: names[index], state: 'whole', size: file.length })),
  );
}
