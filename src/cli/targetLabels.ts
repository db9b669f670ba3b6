import type { ResolvedTarget } from '../kube/targets/resolvedTarget.ts';
import { terminalSafe } from '../output/terminalSafe.ts';

/** Colours of the terminal's own palette that are legible on dark and light backgrounds (ECMA-48 SGR). */
const COLOURS = [36, 35, 34, 32, 33, 31];

/**
 * Labels for the lines of each target: its name, padded to the longest one. Coloured on a terminal, unless NO_COLOR is
 * set.
 */
export function targetLabels(
  targets: readonly ResolvedTarget[],
  nameOf: (target: ResolvedTarget) => string,
): (target: ResolvedTarget) => string {
  const isColoured = process.stdout.isTTY === true && !process.env.NO_COLOR;
  const width = Math.max(...targets.map((target) => terminalSafe(nameOf(target)).length));
  let labelCount = 0;
  return (target) => {
    const text = terminalSafe(nameOf(target)).padEnd(width);
    const colour = COLOURS[labelCount % COLOURS.length];
    labelCount += 1;
    return isColoured ? `\x1b[${colour}m${text}\x1b[0m ` : `${text} `;
  };
}
