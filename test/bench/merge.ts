import { createReadStream, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileOutput } from '../../src/output/fileOutput.ts';
import { PcapngMerger } from '../../src/pcap/pcapngMerger.ts';
import { Chance, LINK_TYPES, pcapOf } from '../unit/pcap/madeCaptures.ts';
import { wireshark } from '../unit/pcap/wireshark.ts';
import { atLeast, figure, heading, mebibytesPerSecond, median, spread } from './figures.ts';

/** Merges the same files as mergecap, from disk to disk, without a cluster. */
export async function benchMerge(rounds: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'netdebug-bench-'));
  try {
    heading('merging pcap files into one pcapng file');
    await compare(
      folder,
      'whole packets, 4 files',
      { files: 4, packets: 60_000, length: 1514 },
      rounds,
    );
    await compare(
      folder,
      'headers only, 4 files',
      { files: 4, packets: 300_000, length: 96 },
      rounds,
    );
    await compare(
      folder,
      'whole packets, 200 files',
      { files: 200, packets: 1200, length: 1514 },
      rounds,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Shape {
  readonly files: number;
  readonly packets: number;
  readonly length: number;
}

async function compare(folder: string, name: string, shape: Shape, rounds: number): Promise<void> {
  const inputs = writeInputs(folder, shape);
  const bytes = inputs.reduce((sum, path) => sum + statSync(path).size, 0);
  const ours: number[] = [];
  const theirs: number[] = [];
  const perSecond = (started: number) => (bytes / (performance.now() - started)) * 1000;
  for (let round = 0; round < rounds; round++) {
    let started = performance.now();
    await merge(inputs, join(folder, 'ours.pcapng'));
    ours.push(perSecond(started));
    started = performance.now();
    wireshark('mergecap', '-w', join(folder, 'theirs.pcapng'), ...inputs);
    theirs.push(perSecond(started));
  }
  figure(`mergecap, ${name}`, spread(theirs, mebibytesPerSecond));
  const goal = atLeast(median(ours) / median(theirs), 0.5, 'half of mergecap’s');
  figure(`ours, ${name}`, spread(ours, mebibytesPerSecond), goal);
  for (const path of inputs) rmSync(path);
}

function writeInputs(folder: string, { files, packets, length }: Shape): string[] {
  const chance = new Chance(1);
  const data = chance.bytes(length);
  return Array.from({ length: files }, (_, index) => {
    const path = join(folder, `${index}.pcap`);
    let at = 0;
    const capture = {
      nanoseconds: true,
      littleEndian: true,
      linkType: LINK_TYPES.ethernet,
      snapLength: 262144,
      packets: Array.from({ length: packets }, () => {
        at += chance.between(0, 100_000);
        const moment = { seconds: 1_780_000_000 + Math.floor(at / 1e9), nanoseconds: at % 1e9 };
        return { at: moment, originalLength: 1514, data };
      }),
    };
    writeFileSync(path, pcapOf(capture));
    return path;
  });
}

async function merge(inputs: readonly string[], path: string): Promise<void> {
  const output = new FileOutput(path, true);
  const section = { application: 'kubectl-netdebug bench' };
  const merger = new PcapngMerger(output, { section, maxDelay: Infinity });
  await Promise.all(
    inputs.map(async (input, index) => {
      const source = merger.addSource({ device: 'eth0', node: `node-${index}` });
      for await (const chunk of createReadStream(input)) await source.write(chunk as Buffer);
      source.end();
    }),
  );
  await merger.finish();
  await output.close();
}
