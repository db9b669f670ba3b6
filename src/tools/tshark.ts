/** The command line of tshark, and parsers for its output. */

/** The default VXLAN port of Linux, older than the one that IANA assigned; flannel uses it. */
const DECODE_AS = ['-d', 'udp.port==8472,vxlan'];

/** Number, time, source, destination, protocol, length, info, independent of the user's configured columns. */
const COLUMNS =
  'gui.column.format:"No.","%m","Time","%t","Source","%s","Destination","%d","Protocol","%p","Length","%L","Info","%i"';

/** Selects packets of a pcapng stream on standard input, and prints a line for each. */
export function linesCommand(filter: string, timeFormat: string): string[] {
  const format = ['-t', timeFormat, '-o', COLUMNS, '-T', 'tabs', '-l'];
  return ['-n', '-r', '-', ...DECODE_AS, '-Y', filter, ...format];
}

/** Selects packets in the same way, and prints only their numbers. */
export function numbersCommand(filter: string): string[] {
  return ['-n', '-r', '-', ...DECODE_AS, '-Y', filter, '-T', 'fields', '-e', 'frame.number', '-l'];
}

/** Selects packets in the same way, and writes them to standard output as a pcap file. */
export function packetsCommand(filter: string): string[] {
  return ['-n', '-r', '-', ...DECODE_AS, '-Y', filter, '-F', 'pcap', '-w', '-'];
}

/** The columns of one packet, as in Wireshark. */
export interface PacketLine {
  readonly number: number;
  readonly time: string;
  readonly source: string;
  readonly destination: string;
  readonly protocol: string;
  /** Length on the wire in bytes. */
  readonly length: number;
  readonly info: string;
}

/** Parses a line of linesCommand; undefined for anything else. tshark prints an arrow between the addresses. */
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

/** Extracts `4.0.17` from the start of the output of `tshark --version`. */
export function tsharkVersion(output: string): string | undefined {
  return /^TShark \(Wireshark\) (\d[\w.]*)/m.exec(output)?.[1];
}

/** The reason why tshark failed, from its standard error without the lines that it always prints. */
export function tsharkComplaint(stderr: string): string {
  const lines = stderr
    .split('\n')
    .map((line) => line.replace(/^tshark: /, '').trim())
    .filter((line) => line !== '' && !/^Running as user|could be dangerous/.test(line));
  return lines[0] ?? 'no reason given';
}
