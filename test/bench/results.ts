import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { heading } from './figures.ts';
import { type Interval, judge, medianInterval, ratioInterval } from './interval.ts';

/** One comparison, or one measurement of netdebug, as it is stored: only measured values. */
export interface Figure {
  /** A heading of docs/performance.md. */
  readonly group: string;
  readonly name: string;
  readonly unit: 'ms' | 'cpu-ms' | 'bytes' | 'bytes/s';
  /** One sample per round. */
  readonly ours: readonly number[];
  /** From the same rounds. Absent if there is nothing to compare with. */
  readonly theirs?: readonly number[];
  /** The command that `theirs` belongs to. */
  readonly against?: string;
  /** The goal of the ratio ours / theirs. Without `theirs`, the goal of the value itself, in `unit`. */
  readonly goal?: FigureGoal;
  /** Figures of one group with this field are a growth curve: the amount of `of`. */
  readonly x?: number;
  readonly of?: string;
}

export type FigureGoal = { readonly most: number } | { readonly least: number };

/** The content of a file of results. */
export interface Results {
  /** The time of the measurement in ISO 8601. */
  readonly measured: string;
  readonly commit: string;
  readonly machine: string;
  readonly cluster: string;
  readonly figures: readonly Figure[];
}

const figures: Figure[] = [];
let kept: { readonly file: string; readonly cluster: string } | undefined;

/**
 * From now on, writes each figure to a file, together with the previous ones. `cluster` briefly describes where it is
 * measured.
 */
export function keepIn(file: string, cluster: string): void {
  kept = { file, cluster };
}

/** Stores a figure, and prints it: the median, the interval, and whether its goal is met. */
export function record(figure: Figure): void {
  if (figure.group !== figures.at(-1)?.group) heading(figure.group);
  figures.push(figure);
  if (kept) writeResults(kept.file, kept.cluster);
  const { name, ours, theirs, against, goal, unit } = figure;
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
