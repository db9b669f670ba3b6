/** A time in which nothing was recorded because the interface had disappeared. */
export interface Outage {
  /** Seconds since 1970. */
  readonly from: number;
  /** Seconds since 1970; absent while the outage lasts, or if the recording ended during it. */
  readonly to?: number;
  /** The number of the last file before the outage. */
  readonly afterFile: number;
  /** How many packets the kernel still held, which were lost; absent if not known. */
  readonly lost?: number;
}

/**
 * Parses the words after `outage`: FROM TO FILE LOST. TO is `-` while the outage lasts, and LOST is `-` if not known.
 */
export function parseOutage([from, to = '-', file, lost = '-']: readonly string[]): Outage {
  return {
    from: Number(from),
    ...(to !== '-' && { to: Number(to) }),
    afterFile: Number(file),
    ...(lost !== '-' && { lost: Number(lost) }),
  };
}
