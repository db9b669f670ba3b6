/** Same length and still sorted, because busybox jumps into its list of names by offsets. */
const renamings = [
  ['\0ionice\0ip\0ipcalc\0', '\0ionice\0ip.\0ipcal\0'],
  ['\0nsenter\0', '\0nsente.\0'],
] as const;

/** Where links to the hidden applets would be. */
export const hiddenPaths: ReadonlySet<string> = new Set([
  'sbin/ip',
  'bin/ipcalc',
  'usr/bin/nsenter',
]);

/**
 * Debian's busybox-static prefers its own applets to programs in PATH, so its `ip` would hide
 * iproute2's even where an image has that, and would be there where an image must have none; its
 * `nsenter` would hide util-linux's. Gives a copy without those names; throws when the binary's
 * list of names is not as expected.
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
