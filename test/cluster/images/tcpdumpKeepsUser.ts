/**
 * Debian builds tcpdump so that it changes from root to the user `tcpdump`, and changes the owner of the savefile. With
 * only NET_RAW, both fail. Alpine, the base of the netshoot image, builds it without this. Only Debian's binary is
 * available here, so this copy is made to believe that it does not run as root: it calls getpid, which is never 0,
 * instead of getuid and geteuid. It then has no privileges to drop, so that setuid can be replaced with a harmless
 * call, too. (One difference remains: Alpine's tcpdump would obey `-Z`.)
 */
const replacements = [
  ['getuid', 'getpid'],
  ['geteuid', 'getpid'],
  ['setuid', 'getgid'],
] as const;

/** Returns a copy of Debian's tcpdump that keeps the user it was started as. Throws for any other binary. */
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
