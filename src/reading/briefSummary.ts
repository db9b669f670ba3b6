import { terminalSafe } from '../output/terminalSafe.ts';
import type { Finding } from './findings/finding.ts';
import { headline } from './renderSummary.ts';
import type { Summary } from './summary.ts';
import { pluralise } from './timeText.ts';

const MAX_SHOWN = 5;

/**
 * A summary for the end of a capture: its contents, one line for each other finding, and three lines on the worst
 * finding at the end. Safe for a terminal.
 */
export function briefSummary(summary: Summary): string {
  const { findings } = summary;
  const [worst, ...others] = findings.filter(
    ({ severity, causedBy }) => severity !== 'info' && causedBy === undefined,
  );
  const lines = [headline(summary)];
  if (!worst) return `${[...lines, 'No problems found.'].map(terminalSafe).join('\n')}\n`;
  for (const { severity, kind, what } of others.slice(0, MAX_SHOWN))
    lines.push(`also: ${severity} ${kind}: ${what}`);
  if (others.length > MAX_SHOWN)
    lines.push(`and ${pluralise(others.length - MAX_SHOWN, 'more finding')}`);
  return `${[...lines, '', ...problemLines(worst)].map(terminalSafe).join('\n')}\n`;
}

/** The problem, the affected endpoints, and the usual causes. */
function problemLines({ severity, kind, what, who, when, until, count, causes, caveat }: Finding) {
  const clock = (time: string) => time.slice(11, 19);
  const [first, last] = [clock(when), clock(until ?? when)];
  const time = first === last ? first : `${first} to ${last}`;
  const why = caveat === undefined ? causes : [caveat, ...causes];
  return [
    `${severity} ${kind}: ${what}`,
    `who: ${who}; ${pluralise(count, 'time')}, ${time} UTC`,
    `usual causes: ${why.join('; ')}`,
  ];
}
