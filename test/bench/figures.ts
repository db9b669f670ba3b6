/** The goal of a figure, and whether it was met. */
export interface Goal {
  readonly text: string;
  readonly met: boolean;
}

export function atMost(value: number, limit: number, text: string): Goal {
  return { text: `at most ${text}`, met: value <= limit };
}

export function atLeast(value: number, limit: number, text: string): Goal {
  return { text: `at least ${text}`, met: value >= limit };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

/** The median, with the minimum and the maximum in brackets. They are far apart on a shared machine. */
export function spread(values: readonly number[], write: (value: number) => string): string {
  if (values.length === 1) return write(median(values));
  return `${write(median(values))} [${write(Math.min(...values))} – ${write(Math.max(...values))}]`;
}

export const milliseconds = (value: number) =>
  value < 10_000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`;
export const megabytes = (value: number) => `${Math.round(value / 1e6)} MB`;
export const mebibytesPerSecond = (value: number) => `${Math.round(value / 2 ** 20)} MiB/s`;

export function heading(text: string): void {
  console.log(`\n${text}`);
}

/** Prints one figure with its goal, and whether it is met: "ok" or "over". */
export function figure(name: string, value: string, goal?: Goal): void {
  const verdict = goal ? `   ${goal.met ? 'ok' : 'over'} (${goal.text})` : '';
  console.log(`  ${name.padEnd(44)}${value}${verdict}`);
}
