const appletNames = Buffer.from('\0ionice\0ip\0ipcalc\0');
/** Same length and still sorted, because busybox jumps into its list of names by offsets. */
const renamedApplets = Buffer.from('\0ionice\0ip.\0ipcal\0');

/**
 * Debian's busybox-static prefers its own applets to programs in PATH, so its `ip` would hide
 * iproute2's even where an image has that, and would be there where an image must have none.
 * Gives a copy without that name; throws when the binary's list of names is not as expected.
 */
export function busyboxWithoutIp(busybox: Buffer): Buffer {
  const at = busybox.indexOf(appletNames);
  if (at < 0 || busybox.indexOf(appletNames, at + 1) >= 0)
    throw new Error("busybox's list of applets is not as expected: is it Debian's busybox-static?");
  const copy = Buffer.from(busybox);
  copy.set(renamedApplets, at);
  return copy;
}
