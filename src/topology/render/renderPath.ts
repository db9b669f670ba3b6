import { renderTable } from '../../output/table.ts';
import { terminalSafe } from '../../output/terminalSafe.ts';
import type { NetworkFinding } from '../findings/finding.ts';
import { renderFindings } from '../findings/renderFindings.ts';
import type { Probe } from '../probe/probeFindings.ts';
import { renderProbe } from '../probe/renderProbe.ts';
import { queriedNames } from '../trace/nameServers.ts';
import type { Hop, OneWayPath, Translation } from '../trace/oneWayPath.ts';
import type { PathTrace } from '../trace/tracePath.ts';
import { drawPath } from './drawPath.ts';
import { type PathDocument, pathDocument, unknownOf } from './pathDocument.ts';

export interface PathExtras {
  /** The name to look up, if the destination is a name server. */
  readonly name?: string | undefined;
  readonly probe?: Probe | undefined;
}

/** Renders a path as text: a drawing, or a table of devices if `wide`, followed by the findings. */
export function* renderPath(
  trace: PathTrace,
  findings: readonly NetworkFinding[],
  isWide: boolean,
  { name, probe }: PathExtras = {},
): Generator<string> {
  const document = pathDocument(trace, findings);
  yield `${terminalSafe(headLine(document, trace))}\n`;
  if (name !== undefined) yield* resolverLines(trace, name);
  yield '\n';
  for (const [index, path] of trace.paths.entries()) {
    const isReverse = index > 0 && isSamePathBack(trace.paths[0], path);
    if (index > 0) yield isReverse && !isWide ? '\nBack: the same path.\n' : '\nBack:\n';
    if (isWide) yield* hopTable(path);
    else if (!isReverse) yield* drawPath(path, findings);
  }
  yield* details(document);
  if (trace.service?.object.sessionAffinity === 'ClientIP')
    yield 'Session affinity ClientIP: a client keeps its first endpoint.\n';
  if (probe !== undefined) yield* renderProbe(probe);
  yield '\n';
  if (findings.length > 0) yield* renderFindings(findings);
  else yield `${terminalSafe(noFindingsText(trace, probe !== undefined))}\n`;
  yield* unknownLines(trace);
}

/** The ends of a path with their addresses. The text is not yet safe for a terminal. */
export function headLine({ from, to }: PathDocument, { request }: PathTrace): string {
  const addresses = (end: { name: string; address: string; port?: number }) =>
    `${end.name}${end.address === end.name ? '' : ` (${end.address})`}${end.port === undefined ? '' : ` ${request.protocol.toUpperCase()} ${end.port}`}`;
  return to === undefined
    ? `${addresses(from)}: the path out`
    : `${addresses(from)} → ${addresses(to)}`;
}

/** The names that the pod's resolver queries, according to its resolv.conf. */
function* resolverLines({ request }: PathTrace, name: string): Generator<string> {
  const place = request.from.kind === 'pod' ? request.from.place : undefined;
  const text = place?.network.resolvConf;
  if (text === undefined) {
    yield 'resolv.conf: not read; assuming the name service of the cluster\n';
    return;
  }
  for (const line of text.split('\n')) {
    if (/^\s*(nameserver|search|options)\b/.test(line))
      yield `${terminalSafe(`resolv.conf: ${line.trim()}`)}\n`;
  }
  yield `${terminalSafe(`queries: ${queriedNames(text, name).join(', ')}`)}\n`;
}

/** Whether the answer passes the same devices in reverse order. */
export function isSamePathBack(forward: OneWayPath | undefined, back: OneWayPath): boolean {
  const key = ({ node, netns, device }: Hop) => `${node} ${netns} ${device}`;
  return (
    forward?.end === 'delivered' &&
    back.end === 'delivered' &&
    forward.hops.map(key).join() === back.hops.map(key).reverse().join()
  );
}

function* hopTable({ hops }: OneWayPath): Generator<string> {
  yield* renderTable<Hop>(
    [
      { header: 'NODE', cell: ({ node }) => node ?? '' },
      { header: 'POD', cell: ({ pod }) => pod ?? '' },
      { header: 'DEVICE', cell: ({ device }) => device ?? '' },
      { header: 'INDEX', cell: ({ ifindex }) => ifindex ?? '' },
      { header: 'KIND', cell: ({ kind }) => kind },
      { header: 'STATE', cell: ({ state }) => state ?? '' },
      { header: 'MTU', cell: ({ mtu }) => mtu ?? '' },
      { header: 'MAC', cell: ({ mac }) => mac ?? '' },
      { header: 'RX', cell: ({ counters }) => counters?.rx.packets ?? '' },
      { header: 'TX', cell: ({ counters }) => counters?.tx.packets ?? '' },
      {
        header: 'DROPS',
        cell: ({ counters }) => (counters ? counters.rx.dropped + counters.tx.dropped : ''),
      },
      {
        header: 'ERRORS',
        cell: ({ counters }) => (counters ? counters.rx.errors + counters.tx.errors : ''),
      },
      { header: 'ADDRESSES', cell: ({ addresses }) => addresses?.join(',') ?? '' },
      { header: 'DETAIL', cell: ({ detail }) => detail ?? '' },
    ],
    hops,
  );
}

/** Renders translations and policies. */
function* details({ nat, policies, directions }: PathDocument): Generator<string> {
  const lines = [
    ...nat.map(translationText),
    ...policies.map(
      ({ namespace, name, direction, pod, verdict }) =>
        `NetworkPolicy ${namespace}/${name}, ${direction} of ${pod}: ${verdict}`,
    ),
    ...directions.flatMap(({ decisions }) =>
      decisions
        .filter(({ kind, decision }) => kind === 'rules' && decision !== 'accept')
        .map(({ node, hook, decision }) => `Rules of ${hook} on ${node}: ${decision}`),
    ),
  ];
  if (lines.length > 0) yield '\n';
  for (const line of lines) yield `${terminalSafe(line)}\n`;
}

/** A translation in words. */
export function translationText({ node, kind, from, to, others, service }: Translation): string {
  const more = others.length === 0 ? '' : `, or ${others.join(', ')}`;
  return `${kind.toUpperCase()} on ${node}: ${from} → ${to}${more}${service === undefined ? '' : ` (${service})`}`;
}

/** The text for a path without findings. It is not yet safe for a terminal. */
export function noFindingsText({ paths }: PathTrace, isProbed = false): string {
  const nodes = [...new Set(paths.flatMap(({ hops }) => hops.flatMap(({ node }) => node ?? [])))];
  return nodes.length === 0
    ? 'The path could not be followed.'
    : `No problems found in the tables of ${nodes.join(', ')}. ${isProbed ? 'The probe found no problems either.' : 'No packet was sent.'}`;
}

function* unknownLines(trace: PathTrace): Generator<string> {
  for (const { where, what, why } of unknownOf(trace)) {
    const place = [where.node, where.pod, where.device].filter(Boolean).join(', ');
    yield `${terminalSafe(`unknown: ${what}${place === '' ? '' : ` on ${place}`}: ${why}`)}\n`;
  }
}
