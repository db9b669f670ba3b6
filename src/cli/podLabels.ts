import type { Pod } from '../kube/pod.ts';
import { terminalSafe } from '../output/terminalSafe.ts';

/** Colours of the terminal's own palette that are read well on dark and on light (ECMA-48 SGR). */
const COLOURS = [36, 35, 34, 32, 33, 31];

/**
 * What stands before each line of a pod's: its name, as wide as the longest of those known. Coloured
 * on a terminal, unless NO_COLOR says otherwise.
 */
export function podLabels(
  pods: readonly Pod[],
  nameOf: (pod: Pod) => string,
  isColoured = process.stdout.isTTY === true && !process.env.NO_COLOR,
): (pod: Pod) => string {
  const width = Math.max(...pods.map((pod) => terminalSafe(nameOf(pod)).length));
  let labelled = 0;
  return (pod) => {
    const text = terminalSafe(nameOf(pod)).padEnd(width);
    const colour = COLOURS[labelled % COLOURS.length];
    labelled += 1;
    return isColoured ? `\x1b[${colour}m${text}\x1b[0m ` : `${text} `;
  };
}
