/** The new names have the same length and are still sorted, because busybox accesses its list of names by offset. */
const renamings = [
  ['\0ionice\0ip\0ipcalc\0', '\0ionice\0ip.\0ipcal\0'],
  ['\0nsenter\0', '\0nsente.\0'],
] as const;

/** Where the links to the hidden applets would be. */
export const hiddenPaths: ReadonlySet<string> = new Set([
  'sbin/ip',
  'bin/ipcalc',
  'usr/bin/nsenter',
]);

/**
 * Debian's busybox-static prefers its own applets to programs in PATH. Its `ip` would hide iproute2's in images that
 * have it, and would be present in images that must have none. Its `nsenter` would hide util-linux's. Returns a copy
 * without those names. Throws if the binary's list of names is not as expected.
 */
export function hideApplets(busybox: Buffer): Buffer {
  const copy = Buffer.from(busybox);
  for (const [names, renamed] of renamings) {
    const at = busybox.indexOf(names);
    if (at < 0 || busybox.indexOf(names, at + 1) >= 0)
      throw new Error(
        "busybox's list of applets is not as expected: is it Debian's busybox-static?",
      );
    copy.set(Buffer.from(renamed), at);
  }
  return copy;
}
