import { ageText } from '../../output/quantities.ts';
import { optionalColumn } from '../../output/renderList.ts';
import { renderTable } from '../../output/table.ts';
import { terminalSafe, terminalSafeJson } from '../../output/terminalSafe.ts';
import { toYaml } from '../../output/yaml.ts';
import { renderFindings, truncate } from '../findings/renderFindings.ts';
import type { CniFacts } from '../model/cniFacts.ts';
import { allocationRanges, isInRange } from './allocationRange.ts';
import type { CniReport } from './cniReport.ts';

export interface CniRendering {
  /** Whether to show sandbox ids, paths, MACs and loopback results. */
  readonly wide: boolean;
  /** Whether the report is about one pod; then its results are shown in full. */
  readonly ofPod: boolean;
  /** The current time for ages, in milliseconds since 1970. */
  readonly now: number;
  /** The files of each node, to show how full its ranges are. */
  readonly nodes: readonly { readonly name: string; readonly cni?: CniFacts }[];
}

/** Renders the report as text: configuration, results, leases, findings. */
export function* renderCni(report: CniReport, options: CniRendering): Generator<string> {
  const { wide, ofPod, now, nodes } = options;
  const file = optionalColumn<CniReport['configuration'][number]>;
  const result = optionalColumn<CniReport['results'][number]>;
  const lease = optionalColumn<CniReport['leases'][number]>;
  const severalNodes = nodes.length > 1;
  const age = (seconds: number | undefined) =>
    seconds === undefined ? undefined : ageText(now - seconds * 1000);
  yield 'CONFIGURATION\n';
  if (report.configuration.length === 0) yield 'none found\n';
  else
    yield* renderTable(
      [
        ...nodeColumn<CniReport['configuration'][number]>(severalNodes),
        file('FILE', ({ path }) => path),
        file('IN USE', ({ inForce, fault }) => fault?.reason ?? (inForce ? 'yes' : 'no')),
        file('NAME', ({ name }) => name),
        file('VERSION', ({ cniVersion }) => cniVersion),
        file(
          'PLUGINS',
          ({ plugins }) => truncate(plugins.join(' → '), MAX_LINE_LENGTH) || undefined,
        ),
      ],
      report.configuration,
    );
  for (const { name, cni } of nodes) {
    const { subnetEnv } = cni ?? {};
    if (subnetEnv)
      yield `flannel${severalNodes ? ` on ${terminalSafe(name)}` : ''}: ${Object.entries(subnetEnv)
        .map(([key, value]) =>
          terminalSafe(`${key.replace('FLANNEL_', '').toLowerCase()} ${value}`),
        )
        .join(', ')}\n`;
  }
  const results = report.results.filter(({ ifName }) => wide || ofPod || ifName !== 'lo');
  yield '\nRESULTS\n';
  if (results.length === 0) yield 'none found\n';
  else
    yield* renderTable(
      [
        ...nodeColumn<CniReport['results'][number]>(severalNodes),
        result('POD', ({ podName, fault }) => podName ?? fault?.reason),
        result('NAMESPACE', ({ podNamespace }) => podNamespace),
        result('NETWORK', ({ network }) => network),
        result('INTERFACE', ({ ifName }) => ifName),
        result(
          'ADDRESSES',
          ({ addresses }) => addresses.map(({ address }) => address).join(',') || undefined,
        ),
        result('GATEWAY', ({ addresses }) => addresses[0]?.gateway),
        result('SANDBOX', ({ containerId }) => (wide ? containerId : containerId?.slice(0, 13))),
        result('AGE', ({ modifiedAt }) => age(modifiedAt)),
        ...(wide ? [result('FILE', ({ path }) => path)] : []),
      ],
      results,
    );
  yield '\nLEASES\n';
  if (report.leases.length === 0) yield 'none found\n';
  else
    yield* renderTable(
      [
        ...nodeColumn<CniReport['leases'][number]>(severalNodes),
        lease('NETWORK', ({ network }) => network),
        lease('ADDRESS', ({ address }) => address),
        lease('STATE', ({ state, fault }) => fault?.reason ?? state),
        lease('POD', ({ pod }) => pod ?? undefined),
        lease('NAMESPACE', ({ podNamespace }) => podNamespace ?? undefined),
        lease('INTERFACE', ({ ifName }) => ifName),
        lease('SANDBOX', ({ containerId }) => (wide ? containerId : containerId?.slice(0, 13))),
        lease('AGE', ({ modifiedAt }) => age(modifiedAt)),
      ],
      report.leases,
    );
  if (!ofPod) yield* rangeLines(options);
  if (ofPod) yield* details(report);
  yield '\nFINDINGS\n';
  if (report.findings.length === 0) yield 'files, leases and interfaces are consistent\n';
  yield* renderFindings(report.findings);
}

function nodeColumn<Row extends { readonly node: string }>(isShown: boolean) {
  return isShown ? [optionalColumn<Row>('NODE', ({ node }) => node)] : [];
}

function* rangeLines({ nodes }: CniRendering): Generator<string> {
  for (const { name, cni } of nodes) {
    if (!cni) continue;
    for (const range of allocationRanges(cni)) {
      const leaseCount = cni.leases.filter((lease) => isInRange(range, lease)).length;
      yield `${terminalSafe(name)}: ${leaseCount} of ${range.size} addresses of ${range.subnet} are taken${range.network === '' ? '' : ` in network ${terminalSafe(range.network)}`}\n`;
    }
  }
}

/** Limits the output of one result, because plugins may write any content. */
const MAX_LINES = 400;
const MAX_LINE_LENGTH = 400;

/** The configuration and results of the plugins for one pod. */
function* details({ results }: CniReport): Generator<string> {
  for (const { path, args, config, capabilities, routes, dns, interfaces } of results) {
    yield `\n${terminalSafe(path)}\n`;
    const content = { interfaces, routes, dns, args, capabilities, config };
    const lines = toYaml(JSON.parse(terminalSafeJson(JSON.stringify(content))))
      .split('\n')
      .filter((line) => line !== '');
    for (const line of lines.slice(0, MAX_LINES))
      yield `  ${terminalSafe(truncate(line, MAX_LINE_LENGTH))}\n`;
    if (lines.length > MAX_LINES)
      yield `  … and ${lines.length - MAX_LINES} more lines: -o json has them\n`;
  }
}
