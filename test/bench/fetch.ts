import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundled } from './bundled.ts';
import { type Clients, type CommandLine, type Run, run } from './clients.ts';
import {
  atLeast,
  figure,
  heading,
  mebibytesPerSecond,
  median,
  megabytes,
  spread,
} from './figures.ts';
import { interleave } from './interleave.ts';
import { APP_IMAGE, DEBUGGER_IMAGE, deletePods, runPod } from './pods.ts';

const FILES = 10;
const MEGABYTES = 50;
const PACKET_BYTES = 10_000;
const BYTES = FILES * (24 + MEGABYTES * 1e6);
const SPOOL = '/tmp/spool';
const MAKE_SPOOL = readFileSync(join(import.meta.dirname, 'makeSpool.sh'), 'utf8');

/** Words of 32 bits as they stand in a little-endian pcap, in printf's octal. */
const octal = (...words: number[]) =>
  words
    .flatMap((word) => [word & 255, (word >> 8) & 255, (word >> 16) & 255, word >>> 24])
    .map((byte) => `\\${byte.toString(8).padStart(3, '0')}`)
    .join('');
const HEADER = octal(0xa1b2c3d4, 0x0004_0002, 0, 0, 262_144, 1);
const RECORD = octal(1_795_525_500, 1, PACKET_BYTES - 16, PACKET_BYTES - 16);

/** Ten recorded files of 50 MB out of a pod: fetched and proven by us, copied by kubectl. */
export async function benchFetch(clients: Clients, rounds: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'netdebug-bench-'));
  const reader = await bundled('fetchReader', folder);
  for (const [image, flavour] of [
    [APP_IMAGE, "Debian's tools"],
    [DEBUGGER_IMAGE, 'busybox'],
  ] as const) {
    const pod = `bench-fetch-${flavour === 'busybox' ? 'busybox' : 'debian'}`;
    await runPod(clients, pod, { command: ['sleep', '3600'], container: { image } });
    const words = [SPOOL, FILES, MEGABYTES, HEADER, RECORD, PACKET_BYTES - 16].map(String);
    const make = ['sh', '-c', MAKE_SPOOL, 'makeSpool', ...words];
    await run(clients, [clients.kubectl, 'exec', pod, '--', ...make]);

    const into = join(folder, 'out');
    const fresh = async (line: CommandLine): Promise<Run> => {
      rmSync(into, { recursive: true, force: true });
      return run(clients, line);
    };
    const ours = (streams: number, sums: 'sums' | 'none') => () =>
      fresh([...reader, pod, 'main', SPOOL, into, String(streams), sums]);
    const theirs = () => fresh([clients.kubectl, 'cp', `${pod}:${SPOOL}/ring`, into]);
    const samples = await interleave(rounds, [
      theirs,
      ours(1, 'sums'),
      ours(2, 'sums'),
      ours(3, 'sums'),
      ours(1, 'none'),
      ours(2, 'none'),
    ]);
    report(flavour, rounds, samples);
    await deletePods(clients, [pod]);
  }
  rmSync(folder, { recursive: true });
}

function report(flavour: string, rounds: number, [kubectl = [], ...ours]: Run[][]): void {
  const speeds = (runs: readonly Run[]) =>
    runs.map(({ milliseconds }) => (BYTES * 1000) / milliseconds);
  heading(`10 files of 50 MB, ${flavour}, ${rounds} rounds: median [least – most]`);
  figure('kubectl cp', spread(speeds(kubectl), mebibytesPerSecond));
  const names = ['1 stream', '2 streams', '3 streams', '1 stream, no sums', '2 streams, no sums'];
  for (const [index, runs] of ours.entries()) {
    const ratio = median(speeds(runs)) / median(speeds(kubectl));
    figure(`netdebug, ${names[index]}`, spread(speeds(runs), mebibytesPerSecond));
    figure('  ratio of speed', ratio.toFixed(2), atLeast(ratio, 1, '1'));
    figure(
      '  peak memory',
      spread(
        runs.map(({ peakMemory }) => peakMemory),
        megabytes,
      ),
    );
  }
}
