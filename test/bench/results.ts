import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { heading } from './figures.ts';
import { type Interval, judge, medianInterval, ratioInterval } from './interval.ts';

/** One comparison, or one measurement of ours, as it is kept: nothing but what was measured. */
export interface Figure {
  /** What it belongs to: a heading of docs/performance.md. */
  readonly group: string;
  readonly name: string;
  readonly unit: 'ms' | 'cpu-ms' | 'bytes' | 'bytes/s';
  /** A sample of each round. */
  readonly ours: readonly number[];
  /** Of the same rounds; absent where there is nothing to compare with. */
  readonly theirs?: readonly number[];
  /** What `theirs` is of: a command. */
  readonly against?: string;
  /** Of the ratio ours / theirs; of the value itself, in `unit`, where there is no `theirs`. */
  readonly goal?: FigureGoal;
  /** Figures of one group that have this are a growth curve: how much of `of` there was. */
  readonly x?: number;
  readonly of?: string;
}

export type FigureGoal = { readonly most: number } | { readonly least: number };

/** What a file of results holds. */
export interface Results {
  /** When, as ISO 8601. */
  readonly measured: string;
  readonly commit: string;
  readonly machine: string;
  readonly cluster: string;
  readonly figures: readonly Figure[];
}

const figures: Figure[] = [];
let kept: { readonly file: string; readonly cluster: string } | undefined;

/** Writes each figure from now on to a file, with those before; `cluster`: what it is measured on, in a few words. */
export function keepIn(file: string, cluster: string): void {
  kept = { file, cluster };
}

/** Keeps a figure, and prints it: the median, the interval, and whether its goal is met. */
export function record(one: Figure): void {
  if (one.group !== figures.at(-1)?.group) heading(one.group);
  figures.push(one);
  if (kept) writeResults(kept.file, kept.cluster);
  const { name, ours, theirs, against, goal, unit } = one;
  const interval = theirs ? ratioInterval(ours, theirs) : medianInterval(ours);
  const value = theirs ? intervalText(interval) : `${Math.round(interval.median)} ${unit}`;
  const limit = goal && ('most' in goal ? `at most ${goal.most}` : `at least ${goal.least}`);
  const verdict = goal ? `   ${judge(interval, goal)} (${limit})` : '';
  const of = against === undefined ? name : `${name} / ${against}`;
  console.log(`  ${of.padEnd(56)}${value}${verdict}`);
}

function intervalText({ median, low, high }: Interval): string {
  return `${median.toFixed(2)} [${low.toFixed(2)} – ${high.toFixed(2)}]`;
}

function writeResults(file: string, cluster: string): void {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  const measured = new Date().toISOString();
  const results: Results = { measured, commit, machine: machine(), cluster, figures };
  writeFileSync(file, `${JSON.stringify(results, undefined, 1)}\n`);
}

function machine(): string {
  const processors = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  const [load = 0] = loadavg();
  return `${processors.length} processors (${processors[0]?.model.trim()}), ${memory} GiB of memory, Linux ${release().split('-')[0]}, load average ${load.toFixed(0)} at the end`;
}
