import { KINDS } from '../../../../src/topology/findings/catalogue.ts';
import { FILE_KINDS } from '../../../../src/topology/findings/fileKinds.ts';
import type { FaultKind } from '../../../../src/topology/findings/kind.ts';

const INTRODUCTION = `# Findings

\`path\`, \`cni\` and \`who\` report findings. Each finding has a kind, listed below. It has these fields in \`-o json\`:

| field | content |
|---|---|
| \`kind\` | one of the words below |
| \`severity\` | \`error\`: packets are lost. \`warning\`: some are, or will be. \`info\`: worth knowing |
| \`where\` | \`node\`, \`netns\` (inode), \`pod\` and \`device\`, as far as they apply |
| \`evidence\` | the line that shows the problem, as ip, bridge, iptables or nft prints it |
| \`meaning\` | the effect on packets |
| \`fix\` | what to do. Commands are on lines of their own, indented by two spaces |
| \`causedBy\` | the kind of the finding that this one follows from; without it, the finding is independent |

Independent findings come first, errors before warnings. \`--fail-on any\` makes the exit code 1 when there is an error
or a warning; \`--fail-on KIND,KIND\` when there is a finding of these kinds. If \`path\` finds
nothing in the tables, it says only that: it sends no packets, so problems that only packets can show remain unknown.

## Kinds of \`path\`

Words in capitals stand for values.
`;

const FILES = `## Kinds of \`cni\`

Also \`interface-missing\` (above). \`who\` reports only \`duplicate-address\` (above).
`;

/** docs/findings.md, from the catalogue of kinds. */
export function findingsPage(): string {
  return `${[INTRODUCTION.trim(), ...sectionsOf(KINDS), FILES.trim(), ...sectionsOf(FILE_KINDS)].join('\n\n')}\n`;
}

function sectionsOf(kinds: Readonly<Record<string, FaultKind>>): string[] {
  const value = (name: string) => name.replace(/([a-z])([A-Z])/g, '$1-$2').toUpperCase();
  return Object.entries(kinds).map(([kind, { severity, summary, meaning, fix }]) =>
    [
      `### ${kind}`,
      `${summary} (${severity})`,
      `Meaning: ${meaning(value, {})}`,
      fixText(fix(value, {})),
    ].join('\n\n'),
  );
}

/** The instruction, and below it the commands as code. */
function fixText(fix: string): string {
  const [instruction, ...commands] = fix.split('\n');
  const code =
    commands.length === 0 ? [] : ['', '```', ...commands.map((command) => command.trim()), '```'];
  return [`Fix: ${instruction}`, ...code].join('\n');
}
