import { readFileSync } from 'node:fs';

/** How often both are read. The last moments of a process are missed. */
const POLL_MS = 10;

/** Of proc_pid_stat(5): USER_HZ is 100 on every Linux. */
const TICK_MS = 10;

/** Tracks the peak memory of a process (VmHWM of proc_pid_status(5)). */
export function startPeakMemory(pid: number): { stop(): number; cpuMilliseconds(): number } {
  let bytes = 0;
  let ticks = 0;
  const read = () => {
    try {
      const kibibytes = /^VmHWM:\s*(\d+) kB/m.exec(
        readFileSync(`/proc/${pid}/status`, 'utf8'),
      )?.[1];
      // The count starts again after an exec, so the last value belongs to the program.
      if (kibibytes !== undefined) bytes = Number(kibibytes) * 1024;
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      // An ended process that has not been reaped still has its last values.
      ticks = Number(fields[11]) + Number(fields[12]);
    } catch {
      // It has ended. The last values remain.
    }
  };
  const timer = setInterval(read, POLL_MS);
  return {
    stop() {
      clearInterval(timer);
      return bytes;
    },
    /** CPU time when it was last read, with a resolution of 10 ms. */
    cpuMilliseconds: () => ticks * TICK_MS,
  };
}
