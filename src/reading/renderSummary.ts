import { renderTable } from '../output/table.ts';
import { terminalSafe } from '../output/terminalSafe.ts';
import { linkTypeName } from '../packets/link.ts';
import { type Conversation, type Endpoint, protocolName } from './conversation.ts';
import { type Finding, incidentsOf } from './findings/finding.ts';
import type { Summary } from './summary.ts';
import { durationText, pluralise, timeText } from './timeText.ts';

const MAX_SHOWN_CONVERSATIONS = 10;

/** Renders the summary for people, with the findings first. Yields one piece at a time. Safe for a terminal. */
export function* renderSummary(summary: Summary, files: readonly string[]): Generator<string> {
  yield `${headline(summary)}\n`;
  const { findings } = summary;
  if (findings.every(({ severity }) => severity === 'info')) yield '\nNo problems found.\n';
  for (const [index, { cause, consequences }] of incidentsOf(findings).entries()) {
    yield renderFinding(cause, index + 1, files);
    for (const consequence of consequences) yield renderConsequence(consequence);
  }
  yield* renderConversations(summary);
}

/** The contents of the captures in one line. */
export function headline({ summarizer, conversations, others }: Summary): string {
  const { packets, bytes, interfaces, start, end, baseSeconds } = summarizer;
  const links = [...new Set(interfaces.map(({ linkType }) => linkTypeName(linkType)))].join(', ');
  const count = conversations.length + others.conversations;
  const parts = [
    pluralise(packets, 'packet'),
    bytesText(bytes),
    pluralise(count, 'conversation'),
    interfaces.length > 1 ? pluralise(interfaces.length, 'interface') : '',
    links,
  ];
  const when =
    end >= start
      ? `; ${timeText(baseSeconds, start).slice(0, 23)}Z, ${durationText(end - start)}`
      : '';
  return terminalSafe(parts.filter((part) => part !== '').join(', ') + when);
}

function renderFinding(finding: Finding, number: number, files: readonly string[]): string {
  const { severity, kind, what, who, when, until, count, packets, causes, caveat } = finding;
  const lines = [`${number}. ${severity} ${kind}: ${what}`];
  const where = finding.interface === undefined ? '' : ` at ${finding.interface}`;
  lines.push(`   who: ${who}${where}`);
  if (when !== '' && packets.length > 0)
    lines.push(
      `   when: ${clock(when)}${until === undefined ? '' : ` to ${clock(until)}`}, ${pluralise(count, 'time')}`,
    );
  if (caveat !== undefined) lines.push(`   but: ${caveat}`);
  lines.push(`   usual causes: ${causes.join('; ')}`);
  if (packets.length > 0) {
    const more = count > packets.length ? ' …' : '';
    lines.push(`   packets: ${packets.join(', ')}${more}`);
  }
  if (finding.filter !== '') lines.push(`   see: ${command(finding, files)}`);
  return `\n${lines.map(terminalSafe).join('\n')}\n`;
}

/** Renders a consequence of the finding above. */
function renderConsequence(finding: Finding): string {
  const { kind, what, count, packets } = finding;
  const where = finding.interface === undefined ? '' : ` at ${finding.interface}`;
  const more = count > packets.length ? ' …' : '';
  const numbers = packets.length === 0 ? '' : `; packets ${packets.join(', ')}${more}`;
  return `${terminalSafe(`   consequence: ${kind}${where}: ${what}${numbers}`)}\n`;
}

/** A command that shows the packets, ready to copy. */
function command({ filter, decodeAs }: Finding, files: readonly string[]): string {
  const decode = decodeAs === undefined ? '' : ` -d ${decodeAs}`;
  const [file, another] = files;
  if (file === undefined || another !== undefined)
    return `${filter}${decode && ` (with${decode})`}`;
  return `tshark -r ${quoted(file)}${decode} -Y ${quoted(filter)}`;
}

function quoted(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function* renderConversations(summary: Summary): Generator<string> {
  const { conversations, others, names, summarizer } = summary;
  const { interfaces } = summarizer;
  // If several points saw a connection, only the conversation closest to the client is shown.
  const nextSerials = nextPointSerials(summary);
  const further = new Set(nextSerials.values());
  const connections = conversations.filter(({ serial }) => !further.has(serial));
  const count = connections.length + others.conversations;
  if (count === 0) return;
  const places = new Map(
    conversations.map(({ serial, interfaceIndex }) => [serial, interfaces[interfaceIndex]?.label]),
  );
  const placesOf = (serial: number) => {
    const labels = [places.get(serial) ?? ''];
    for (let at = nextSerials.get(serial); at !== undefined; at = nextSerials.get(at))
      labels.push(places.get(at) ?? '');
    return [...new Set(labels)].join(' → ');
  };
  const largest = connections.sort((a, b) => b.bytes - a.bytes).slice(0, MAX_SHOWN_CONVERSATIONS);
  const title =
    count > largest.length
      ? `The largest ${largest.length} of ${count} conversations`
      : 'Conversations';
  yield `\n${title}:\n`;
  const end = ({ address, port }: Endpoint) => {
    const name = names.get(address) ?? (address.includes(':') ? `[${address}]` : address);
    return `${name}:${port}`;
  };
  yield* renderTable<Conversation>(
    [
      { header: 'PROTOCOL', cell: ({ protocol }) => protocolName(protocol) },
      { header: 'CLIENT', cell: ({ client }) => end(client) },
      { header: 'SERVER', cell: ({ server }) => end(server) },
      {
        header: 'PACKETS',
        cell: ({ clientPackets, serverPackets }) => `${clientPackets}/${serverPackets}`,
      },
      { header: 'BYTES', cell: ({ clientBytes, serverBytes }) => `${clientBytes}/${serverBytes}` },
      ...(interfaces.length > 1
        ? [
            {
              header: 'INTERFACE',
              cell: ({ serial }: Conversation) => placesOf(serial),
            },
          ]
        : []),
      { header: 'STATE', cell: ({ state }) => state },
      { header: 'WHAT', cell: applicationText },
    ],
    largest,
  );
  if (others.conversations > 0)
    yield `Other conversations, not listed: ${others.conversations}, with ${pluralise(others.packets, 'packet')}, ${bytesText(others.bytes)}\n`;
}

/** By the serial number of a conversation: that of the same connection at the next point on its path. */
function nextPointSerials({ comparisons }: Summary): ReadonlyMap<number, number> {
  const nextSerials = new Map<number, number>();
  const reached = new Set<number>();
  for (const { connections } of comparisons)
    for (const { near, far } of connections) {
      const isKnown = nextSerials.has(near.serial) || reached.has(far.serial);
      if (isKnown || nextSerials.get(far.serial) === near.serial) continue;
      nextSerials.set(near.serial, far.serial);
      reached.add(far.serial);
    }
  return nextSerials;
}

function applicationText({ tls, http, dns, carries, tunnel }: Conversation): string {
  const inside = tunnel === 'none' ? '' : ` in ${tunnel}`;
  if (carries !== 'none') return `${carries} tunnel`;
  if (tls) return `tls ${tls.serverName ?? ''}`.trim() + inside;
  if (http) {
    const host = http.exchanges[0]?.host ?? '';
    return `${http.isGrpc ? 'grpc' : `http/${http.version}`} ${host}`.trim() + inside;
  }
  if (dns) return `dns ${dns.lookups[0]?.name ?? ''}`.trim() + inside;
  return inside.trim();
}

/** The time of day. The first line contains the date. */
function clock(time: string): string {
  return time.slice(11, 23);
}

function bytesText(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
