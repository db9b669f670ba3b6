import { readFileSync } from 'node:fs';

/**
 * Recorded at one moment in a network namespace with sockets in every state except CLOSE: ss of iproute2 6.1,
 * /proc/net, netstat of busybox 1.35, ls of coreutils and of busybox.
 */
export function recording(name: string): string {
  return readFileSync(new URL(`./recordings/${name}`, import.meta.url), 'utf8');
}

/** The sockets in a recording; a line that cannot be parsed fails the test. */
export function socketsIn<Parsed>(
  text: string,
  parseLine: (line: string) => Parsed | null | undefined,
): Parsed[] {
  return text.split('\n').flatMap((line) => {
    const parsed = line === '' ? null : parseLine(line);
    if (parsed === undefined) {
      throw new Error(`not understood: ${line}`);
    }
    return parsed === null ? [] : [parsed];
  });
}
