import { type Interval, judge, medianInterval, ratioInterval } from '../test/bench/interval.ts';
import type { Figure, FigureGoal, Results } from '../test/bench/results.ts';

/** Figures in the same file that belong to the same group or the same curve. */
type Section = readonly [Figure, ...Figure[]];

/** The page about performance: every number on it is calculated from the raw samples. */
export function performancePage(all: readonly Results[]): string {
  const parts = all.flatMap((results) => {
    const { machine, cluster, measured, commit, figures } = results;
    const where = `${measured.slice(0, 10)}, commit ${commit}; cluster: ${cluster}; ${machine}.`;
    return sections(figures).map((section) => sectionText(section, where));
  });
  return `${HEAD}\n${parts.join('\n')}`;
}

const HEAD = `# Performance

Each figure is a ratio: what netdebug needs, divided by what another program needs for the same task in the same round. Rounds
alternate between the two programs, so disturbances affect both. A ratio is the median of the rounds' ratios. The brackets
contain its 95 % confidence interval, by order statistics. A goal is met if the whole interval meets it, missed if no part of the
interval meets it, and open otherwise. Times and sizes depend on the machine, so this page does not list them; the samples are in
\`test/bench/results\`.

\`scripts/performance.ts\` writes this page. To measure again, run \`npm run bench -- PART --cluster kubernetes --json
test/bench/results/PART.json\` on a machine that does nothing else.
`;

function sections(figures: readonly Figure[]): Section[] {
  const groups = new Map<string, Figure[]>();
  for (const figure of figures)
    groups.set(figure.group, [...(groups.get(figure.group) ?? []), figure]);
  return [...groups.values()].flatMap(([first, ...rest]) =>
    first ? [[first, ...rest] as const] : [],
  );
}

function sectionText(section: Section, where: string): string {
  const curves = section.filter(({ x }) => x !== undefined);
  const single = section.filter(({ x }) => x === undefined);
  const tables = [
    ...(single.length > 0 ? [table(single)] : []),
    ...names(curves).map((name) => curve(curves.filter((curve) => curve.name === name))),
  ];
  return `## ${section[0].group}\n\n${tables.join('\n')}\nMeasured ${where}\n`;
}

function names(figures: readonly Figure[]): string[] {
  return [...new Set(figures.map(({ name }) => name))];
}

function table(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => {
    const { name, ours, theirs, against = '', goal } = figure;
    const interval = theirs ? ratioInterval(ours, theirs) : medianInterval(ours);
    const value = theirs ? ratioText(interval) : goal ? shareText(interval, goal) : '';
    return [
      name,
      against && `\`${against}\``,
      value,
      goalText(figure),
      verdict(interval, goal),
      ours.length,
    ];
  });
  return `| | compared with | ratio | goal | | rounds |\n|---|---|---|---|---|---|\n${rows
    .map((row) => `| ${row.join(' | ')} |\n`)
    .join('')}`;
}

/** How a value grows with another: each value relative to the first, and the ratio if there is one. */
function curve(figures: readonly Figure[]): string {
  const [first] = figures;
  if (!first) return '';
  const sorted = figures.toSorted((a, b) => (a.x ?? 0) - (b.x ?? 0));
  const least = medianInterval(sorted[0]?.ours ?? []).median;
  const rows = sorted.map(({ x = 0, ours, theirs, goal }) => {
    const interval = theirs ? ratioInterval(ours, theirs) : medianInterval(ours);
    const growth = (medianInterval(ours).median / least).toFixed(2);
    const ratio = theirs ? ratioText(interval) : goal ? shareText(interval, goal) : '';
    return `| ${x.toLocaleString('en')} | ${growth} | ${ratio} | ${verdict(interval, goal)} | ${ours.length} |\n`;
  });
  const against = first.against === undefined ? '' : `, ratio to \`${first.against}\``;
  return `${first.name}${against}:\n\n| ${first.of ?? ''} | growth | ratio | | rounds |\n|---|---|---|---|---|\n${rows.join('')}\n${chart(sorted, first)}`;
}

function chart(figures: readonly Figure[], { name, of = '' }: Figure): string {
  if (figures.length < 3) return '';
  const medians = figures.map(({ ours }) => medianInterval(ours).median);
  const [least = 1] = medians;
  const axis = figures.map(({ x = 0 }) => `"${x.toLocaleString('en')}"`).join(', ');
  const line = medians.map((value) => (value / least).toFixed(2)).join(', ');
  return `\`\`\`mermaid\nxychart-beta\n  title "${name}: growth"\n  x-axis "${of}" [${axis}]\n  y-axis "times the first" 0 --> ${Math.ceil(Math.max(...medians) / least)}\n  line [${line}]\n\`\`\`\n`;
}

function ratioText({ median, low, high }: Interval): string {
  return `${median.toFixed(2)} [${low.toFixed(2)} – ${high.toFixed(2)}]`;
}

/** A value without a value to compare it with is given as a fraction of its limit. */
function shareText({ median, low, high }: Interval, goal: FigureGoal): string {
  const limit = 'most' in goal ? goal.most : goal.least;
  const text = ratioText({ median: median / limit, low: low / limit, high: high / limit });
  return `${text} of the limit`;
}

function goalText({ goal, unit, theirs }: Figure): string {
  if (!goal) return '';
  const [word, limit] = 'most' in goal ? ['at most', goal.most] : ['at least', goal.least];
  return `${word} ${theirs ? limit : limitText(limit, unit)}`;
}

function limitText(limit: number, unit: Figure['unit']): string {
  if (unit === 'bytes') return `${limit / 1e6} MB`;
  if (unit === 'bytes/s') return `${limit / 1e6} MB/s`;
  return `${limit / 1000} s`;
}

function verdict(interval: Interval, goal: FigureGoal | undefined): string {
  return goal ? judge(interval, goal) : '';
}
