/** A mount of a namespace file, from a line of /proc/PID/mountinfo (proc(5)). */
export interface NamespaceMount {
  readonly kind: string;
  readonly inode: number;
  readonly path: string;
}

/** Parses a line of mountinfo; undefined if it is not a mount of type nsfs. */
export function parseNamespaceMount(line: string): NamespaceMount | undefined {
  const [, kind, inode, path] =
    /^\d+ \d+ \d+:\d+ (\w+):\[(\d+)\] (\S+) .*? - nsfs /.exec(line) ?? [];
  if (kind === undefined || path === undefined) return undefined;
  return { kind, inode: Number(inode), path: unescapeOctal(path) };
}

/** The kernel writes spaces, tabs, newlines and backslashes as three octal digits. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
