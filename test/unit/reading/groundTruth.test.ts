import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InvalidPcapError } from '../../../src/pcap/records.ts';
import type { Conversation } from '../../../src/reading/conversation.ts';
import { captureFiles, FOLDER, hasCaptures } from './compare/captures.ts';
import type { Comparison } from './compare/facts.ts';
import { compareNdpi, ndpiComparison } from './compare/ndpiFlows.ts';
import { type Ours, readOurs } from './compare/ours.ts';
import { compareTshark, tsharkComparison } from './compare/tsharkAnalysis.ts';
import { compareTsharkFacts, tsharkFactsComparison } from './compare/tsharkFacts.ts';
import { compareLines, tsharkLinesComparison } from './compare/tsharkLines.ts';
import { compareZeek, zeekComparison } from './compare/zeekConnections.ts';
import { compareZeekFacts, zeekFactsComparison } from './compare/zeekFacts.ts';

const SKIPPED = hasCaptures ? '' : ' (skipped: no captures folder)';
/** The maximum share of justified differences. */
const MAX_EXPLAINED_SHARE = 0.02;

/**
 * For these captures, tshark 4.4 differs from 4.0 in segments sent again with other numbers, acknowledgements of
 * segments that were not captured, and names with bytes that are not characters.
 */
const CHANGED_ANALYSES = [
  'ndpi/dns-invalid-chars.pcap',
  'ndpi/tls-appdata.pcap',
  'ndpi/tls_client_certificate_with_missing_server_one.pcapng',
  'ndpi/tls_missing_ch_frag.pcap',
  'ndpi/tls_multiple_synack_different_seq.pcapng',
  'zeek/http/concurrent-range-requests.pcap',
  'zeek/http/connect-with-smtp.pcap',
  'zeek/tcp/retransmit-fast009.pcap',
  'zeek/tunnels/gtp/gtp1_gn_normal_incl_fragmentation.pcap',
];
const allowed = !hasCaptures || isTshark40() ? [] : CHANGED_ANALYSES;

function isTshark40(): boolean {
  return / 4\.0\./.test(
    execFileSync('tshark', ['--version'], { encoding: 'utf8' }).split('\n', 1)[0] ?? '',
  );
}

/** With PRINT_TABLE=1, prints the table for the docs. */
function report<Context>(name: string, comparison: Comparison<Context>, minimum = 500): void {
  if (process.env.PRINT_TABLE) console.log(comparison.table(name).join('\n'));
  const unexplained = comparison.unexplained
    .filter(({ capture }) => !allowed.includes(capture))
    .map(
      ({ capture, subject, field, ours, theirs }) =>
        `${capture} ${subject} ${field}: ${ours} here, ${theirs} there`,
    );
  expect(unexplained).toEqual([]);
  expect(comparison.facts).toBeGreaterThan(minimum);
  expect(comparison.explainedShare).toBeLessThanOrEqual(MAX_EXPLAINED_SHARE);
}

describe.skipIf(!hasCaptures)(`captures of other projects${SKIPPED}`, () => {
  const files = hasCaptures ? captureFiles() : [];

  it('are all read, with the same number of packets as in capinfos', async () => {
    // It continues after files that it cannot read, because Wireshark does not support a few link types.
    const args = ['-M', '-c', '-r', '-T', ...files.map((file) => join(FOLDER, file))];
    const { stdout } = spawnSync('capinfos', args, { encoding: 'utf8' });
    const lines = stdout.split('\n').filter(Boolean);
    const counts = new Map(
      lines.map((line) => line.split('\t')).map(([path = '', count]) => [path, Number(count)]),
    );
    expect(counts.size).toBeGreaterThan(300);
    for (const file of files) {
      const expected = counts.get(join(FOLDER, file));
      const { summarizer, damage } = await readOurs(file);
      expect({ file, damage }).toEqual({ file, damage: undefined });
      if (expected !== undefined)
        expect({ file, packets: summarizer.packets }).toEqual({ file, packets: expected });
    }
  }, 300_000);

  it("have the same conversations as Zeek's logs", async () => {
    const comparison = zeekComparison();
    for (const file of captureFiles('zeek')) compareZeek(comparison, file, await readOurs(file));
    report('Zeek, conn.log', comparison);
  });

  it("have the same DNS, TLS and HTTP as Zeek's logs", async () => {
    const comparison = zeekFactsComparison();
    for (const file of captureFiles('zeek'))
      compareZeekFacts(comparison, file, await readOurs(file));
    report('Zeek, dns.log, ssl.log, http.log', comparison);
  });

  it("have the same flows as nDPI's reports", async () => {
    const comparison = ndpiComparison();
    for (const file of captureFiles('ndpi')) compareNdpi(comparison, file, await readOurs(file));
    report('nDPI', comparison);
  });

  it('have the same TCP analysis as in tshark, field by field', async () => {
    const comparison = tsharkComparison();
    await ofAll(files, async (file) => {
      const ours = await readIfCapture(file);
      if (ours && ours.segments.size > 0) await compareTshark(comparison, file, ours);
    });
    report('tshark, tcp.analysis', comparison);
  }, 300_000);

  it('have the same DNS, TLS and HTTP as in tshark', async () => {
    const comparison = tsharkFactsComparison();
    await ofAll(files, async (file) => {
      const ours = await readIfCapture(file);
      if (ours?.conversations.some(mayHaveMessages))
        await compareTsharkFacts(comparison, file, ours);
    });
    report('tshark, dns, tls, http', comparison);
  }, 300_000);

  it('have the same lines of DNS as in tshark', async () => {
    const comparison = tsharkLinesComparison();
    const some = files.filter((file) => /zeek\/(?!http|tls|tcp)|ndpi\/(?:dns|[4-9v])/.test(file));
    await ofAll(some, (file) => compareLines(comparison, file));
    report('tshark, lines', comparison, 300);
  });
});

/** DNS, TLS or HTTP was found, or can be expected. */
function mayHaveMessages({ dns, tls, http, client, server }: Conversation): boolean {
  const isUsual = [53, 80, 443, 8080].some((port) => port === client.port || port === server.port);
  return isUsual || dns !== undefined || tls !== undefined || http !== undefined;
}

/** A few at a time, because each one starts tshark. */
async function ofAll(files: readonly string[], compare: (file: string) => Promise<void>) {
  const remaining = [...files];
  const work = async () => {
    for (let file = remaining.shift(); file !== undefined; file = remaining.shift())
      await compare(file);
  };
  await Promise.all([work(), work(), work()]);
}

async function readIfCapture(file: string): Promise<Ours | undefined> {
  try {
    return await readOurs(file);
  } catch (error) {
    if (error instanceof InvalidPcapError) return undefined;
    throw error;
  }
}
