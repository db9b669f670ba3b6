import { readFileSync } from 'node:fs';

/** How often the peak is read: what a process takes in its very last moments is missed. */
const POLL_MS = 10;

/** Follows the most memory that a process ever held at once (VmHWM of proc_pid_status(5)). */
export function startPeakMemory(pid: number): { stop(): number } {
  let bytes = 0;
  const read = () => {
    try {
      const kibibytes = /^VmHWM:\s*(\d+) kB/m.exec(
        readFileSync(`/proc/${pid}/status`, 'utf8'),
      )?.[1];
      // After an exec the count begins anew, so the last one is the program's.
      if (kibibytes !== undefined) bytes = Number(kibibytes) * 1024;
    } catch {
      // It has ended: what was read last stands.
    }
  };
  const timer = setInterval(read, POLL_MS);
  return {
    stop() {
      clearInterval(timer);
      return bytes;
    },
  };
}
