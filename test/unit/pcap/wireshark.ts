import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder for the files of a test; `using` removes it. */
export class FilesForTest {
  readonly #folder = mkdtempSync(join(tmpdir(), 'netdebug-pcap-'));

  path(name: string): string {
    return join(this.#folder, name);
  }

  write(name: string, bytes: Buffer): string {
    const path = this.path(name);
    writeFileSync(path, bytes);
    return path;
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Runs one of Wireshark's programs; it must not report anything. */
export function wireshark(program: string, ...argv: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, argv, {
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
    env: { ...process.env, TZ: 'UTC', LC_ALL: 'C.UTF-8' },
  });
  if (error) throw error;
  const complaints = stderr.replace(/^Running as user "root" and group "root".*\n/m, '');
  if (status !== 0 || complaints !== '')
    throw new Error(`${program} ended with ${status} and said: ${complaints}`);
  return stdout;
}

/** Lets dumpcap record a stream from a pipe, which is how Wireshark reads one. */
export function recordWithDumpcap(stream: Buffer, file: string): void {
  const [program, ...argv] = ['dumpcap', '-q', '-i', '-', '-w', file] as const;
  const { status, stderr } = spawnSync(program, argv, { input: stream, encoding: 'utf8' });
  if (status !== 0) throw new Error(`dumpcap ended with ${status} and said: ${stderr}`);
}

/** From tshark 4.4 on, a comment in several options is printed for each option, and last as a whole. */
const LAST = ['-E', 'occurrence=l'];

/** A line of tab-separated fields for each packet, as read by tshark. */
export function fieldsOf(file: string, ...fields: readonly string[]): string[] {
  const fieldArguments = fields.flatMap((field) => ['-e', field]);
  const options = ['-o', 'frame.generate_md5_hash:TRUE', '-o', 'ip.check_checksum:FALSE'];
  const lines = wireshark(
    'tshark',
    '-n',
    '-r',
    file,
    ...options,
    '-T',
    'fields',
    ...LAST,
    ...fieldArguments,
  );
  return lines.split('\n').slice(0, -1);
}

/** The blocks of a pcapng file, as printed by tshark 4.0's dissector for the file format. */
export function blocksOf(file: string): string {
  const text = wireshark('tshark', '-X', 'read_format:MIME Files Format', '-r', file, '-V');
  // Later versions number the blocks: "Block 5: Interface Statistics Block 1".
  return text.replaceAll(/^( *Block) \d+: (.+ Block)( \d+)?$/gm, '$1: $2');
}
