import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AddressNames } from '../../../../src/reading/names.ts';
import { printPackets } from '../../../../src/reading/read.ts';
import { TimeWindow } from '../../../../src/reading/timeWindow.ts';
import { FOLDER } from './captures.ts';
import { Comparison, type Fact } from './facts.ts';

const LINE = /^ *(\d+) +\S+ +(\S+) → (\S+) +(DNS|LLMNR) \d+ (.*)$/;
const execute = promisify(execFile);

interface Context {
  /** The whole message from Wireshark. */
  readonly theirs: string;
}

export function tsharkLinesComparison() {
  return new Comparison<Context>([
    {
      why: 'Wireshark stops at what is malformed or cut',
      explains: (_fact, { theirs }) => /\[(?:Malformed Packet|Packet size)/.test(theirs),
    },
    {
      why: 'data of types that nobody uses, which Wireshark shows',
      explains: ({ ours }: Fact) => /WKS|NSEC3PARAM|TYPE\d/.test(ours),
    },
  ]);
}

/** Compares the lines of DNS messages, packet by packet. */
export async function compareLines(
  comparison: Comparison<Context>,
  capture: string,
): Promise<void> {
  const path = join(FOLDER, capture);
  const { stdout } = await execute('tshark', ['-n', '-r', path], { maxBuffer: 256 * 1024 * 1024 });
  const ours = await linesOf(path);
  for (const text of stdout.split('\n')) {
    const [, number = '', , , protocol = '', info = ''] = LINE.exec(text) ?? [];
    const line = ours[Number(number) - 1] ?? '';
    if (number === '') continue;
    const [, , , , mine = '', theirInfo = ''] = LINE.exec(line) ?? [];
    const subject = `#${number} ${protocol}`;
    // For fragments and segments, Wireshark shows the whole message at the last one.
    if (mine === '') continue;
    const fact = {
      capture,
      subject,
      field: 'line',
      ours: comparable(theirInfo),
      theirs: comparable(info),
    };
    comparison.add(fact, { theirs: info });
    comparison.add({ ...fact, field: 'protocol', ours: mine, theirs: protocol }, { theirs: info });
  }
}

/** Without Wireshark's remarks about its analysis and truncation. */
function comparable(info: string): string {
  return info
    .replace(/\[TCP [^\]]*\] ?|\[Packet size limited during capture\]/g, '')
    .trim()
    .slice(0, 200);
}

async function linesOf(path: string): Promise<string[]> {
  let text = '';
  await printPackets({
    inputs: [path],
    window: new TimeWindow(undefined, undefined),
    names: new AddressNames(),
    signal: new AbortController().signal,
    timeFormat: 'r',
    write: async (bytes) => {
      text += bytes.toString();
    },
  });
  return text.split('\n');
}
