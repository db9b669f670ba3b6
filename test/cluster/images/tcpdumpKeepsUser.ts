/**
 * Debian builds tcpdump so that root's tcpdump becomes the user `tcpdump` and gives it the
 * savefile; with NET_RAW alone both fail. Alpine, of which the netshoot image is made, builds it
 * without. Debian's binary is the only one at hand, so its copy believes that it is not root: it
 * asks for its process id instead, which is never 0. Nothing is left for it to give up, therefore
 * setuid is a harmless call, too. (One difference remains: Alpine's would obey `-Z`.)
 */
const replacements = [
  ['getuid', 'getpid'],
  ['geteuid', 'getpid'],
  ['setuid', 'getgid'],
] as const;

/** Gives a copy of Debian's tcpdump that keeps the user it was started as; throws on any other. */
export function tcpdumpKeepsUser(tcpdump: Buffer): Buffer {
  const copy = Buffer.from(tcpdump);
  for (const [name, harmless] of replacements) {
    // Names of imported functions are strings between zero bytes (section .dynstr).
    const entry = Buffer.from(`\0${name}\0`);
    const at = tcpdump.indexOf(entry);
    if (at < 0 || tcpdump.indexOf(entry, at + 1) >= 0)
      throw new Error(`tcpdump does not import ${name} exactly once: is it Debian's?`);
    copy.fill(0, at + 1, at + entry.length);
    copy.write(harmless, at + 1, 'latin1');
  }
  return copy;
}
