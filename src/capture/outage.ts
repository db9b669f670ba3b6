/** A time in which nothing was recorded, since the interface had disappeared. */
export interface Outage {
  /** Seconds since 1970. */
  readonly from: number;
  /** Seconds since 1970; absent while it lasts, or when the recording ended in it. */
  readonly to?: number;
  /** The number of the last file before it. */
  readonly afterFile: number;
  /** How many packets the kernel still held, which were lost; absent when that is not known. */
  readonly lost?: number;
}

/** Reads the words behind `outage`: FROM TO FILE LOST, with `-` for a time that has not come, and for a number that is not known. */
export function parseOutage([from, to = '-', file, lost = '-']: readonly string[]): Outage {
  return {
    from: Number(from),
    ...(to !== '-' && { to: Number(to) }),
    afterFile: Number(file),
    ...(lost !== '-' && { lost: Number(lost) }),
  };
}
