import { readFileSync } from 'node:fs';

/** How often both are read: what a process takes in its very last moments is missed. */
const POLL_MS = 10;

/** Of proc_pid_stat(5): USER_HZ is 100 on every Linux. */
const TICK_MS = 10;

/** Follows the most memory that a process ever held at once (VmHWM of proc_pid_status(5)). */
export function startPeakMemory(pid: number): { stop(): number; cpuMilliseconds(): number } {
  let bytes = 0;
  let ticks = 0;
  const read = () => {
    try {
      const kibibytes = /^VmHWM:\s*(\d+) kB/m.exec(
        readFileSync(`/proc/${pid}/status`, 'utf8'),
      )?.[1];
      // After an exec the count begins anew, so the last one is the program's.
      if (kibibytes !== undefined) bytes = Number(kibibytes) * 1024;
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      // Those of an ended process that nobody has waited for are its last ones, too.
      ticks = Number(fields[11]) + Number(fields[12]);
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
    /** Processor time, to 10 ms, when it was last read. */
    cpuMilliseconds: () => ticks * TICK_MS,
  };
}
