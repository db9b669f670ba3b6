/** tshark's command line, and what it prints. */

/** Linux's port of VXLAN from before there was an official one; flannel uses it. */
const DECODE_AS = ['-d', 'udp.port==8472,vxlan'];

/** Number, time, source, destination, protocol, length, info: whatever columns the user has configured. */
const COLUMNS =
  'gui.column.format:"No.","%m","Time","%t","Source","%s","Destination","%d","Protocol","%p","Length","%L","Info","%i"';

/** Selects packets of a pcapng stream on standard input, and prints a line for each. */
export function linesCommand(filter: string, timeFormat: string): string[] {
  const format = ['-t', timeFormat, '-o', COLUMNS, '-T', 'tabs', '-l'];
  return ['-n', '-r', '-', ...DECODE_AS, '-Y', filter, ...format];
}

/** The same, and prints their numbers only. */
export function numbersCommand(filter: string): string[] {
  return ['-n', '-r', '-', ...DECODE_AS, '-Y', filter, '-T', 'fields', '-e', 'frame.number', '-l'];
}

/** The same, and writes the packets, as a pcap file, to standard output. */
export function packetsCommand(filter: string): string[] {
  return ['-n', '-r', '-', ...DECODE_AS, '-Y', filter, '-F', 'pcap', '-w', '-'];
}

/** What is known of one packet, as Wireshark's columns have it. */
export interface PacketLine {
  readonly number: number;
  readonly time: string;
  readonly source: string;
  readonly destination: string;
  readonly protocol: string;
  /** Bytes on the wire. */
  readonly length: number;
  readonly info: string;
}

/** Reads a line of linesCommand; undefined for anything else. tshark puts an arrow between the addresses. */
export function parseTsharkLine(line: string): PacketLine | undefined {
  const [
    number = '',
    time = '',
    source = '',
    _arrow,
    destination = '',
    protocol = '',
    length = '',
    ...info
  ] = line.split('\t');
  if (!/^\s*\d+$/.test(number)) return undefined;
  return {
    number: Number(number),
    time: time.trim(),
    source: source.trim(),
    destination: destination.trim(),
    protocol: protocol.trim(),
    length: Number(length),
    info: info.join('\t'),
  };
}

/** `4.0.17` of what `tshark --version` prints first. */
export function tsharkVersion(output: string): string | undefined {
  return /^TShark \(Wireshark\) (\d[\w.]*)/m.exec(output)?.[1];
}

/** What tshark says on standard error about why it failed, without what it always says. */
export function tsharkComplaint(stderr: string): string {
  const lines = stderr
    .split('\n')
    .map((line) => line.replace(/^tshark: /, '').trim())
    .filter((line) => line !== '' && !/^Running as user|could be dangerous/.test(line));
  return lines[0] ?? 'no reason given';
}
