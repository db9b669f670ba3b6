/** What a recorder is asked for; an absent bound is none. */
export interface RecordOptions {
  /** `auto`: dumpcap where the image has it, else tcpdump. */
  readonly engine?: 'auto' | 'dumpcap' | 'tcpdump';
  readonly device?: string;
  /** Bytes kept of each packet. */
  readonly snapLength?: number;
  /** Packets after which it ends. */
  readonly count?: number;
  /** Size at which a new file begins, in kB (1000 bytes); tcpdump knows whole megabytes only. */
  readonly fileKilobytes?: number;
  /** Age at which a new file begins, in seconds. */
  readonly age?: number;
  /** The newest files that are kept. */
  readonly files?: number;
  /** Kernel buffer, in KiB. */
  readonly bufferKibibytes?: number;
  /** Seconds. */
  readonly duration?: number;
  /** Recorded in all, removed files too, in kB (1000 bytes). */
  readonly maxKilobytes?: number;
  /** Seconds that it goes on when nobody renews the lease; a detached recorder has none. */
  readonly linger?: number;
  /** Seconds that the spool stays when the recording has ended and nobody reads it. */
  readonly keep?: number;
  /** KiB that must stay free where the spool is; absent: what the node needs, and the ring must fit. */
  readonly floorKibibytes?: number;
  /** kB (1000 bytes) that this spool and those beside it may take together. */
  readonly roomKilobytes?: number;
  /** Seconds since 1970: when the recording ends. */
  readonly until?: number;
  /** Seconds since 1970: started later, it is a second start by a kubelet and records nothing. */
  readonly notAfter?: number;
  /** tcpdump changes its user when started as root: tell it to stay. */
  readonly changesUser?: boolean;
  /** pcap-filter(7) expression. */
  readonly expression?: string;
}

/** The words that spool.sh takes behind `record`, or behind `start` of `follow`. */
export function recordArguments(spool: string, options: RecordOptions): string[] {
  const words: readonly [string, string | number | undefined][] = [
    ['spool', spool],
    ['engine', options.engine],
    ['device', options.device],
    ['snaplen', options.snapLength],
    ['count', options.count],
    ['filekb', options.fileKilobytes],
    ['age', options.age],
    ['files', options.files],
    ['buffer', options.bufferKibibytes],
    ['duration', options.duration],
    ['maxkb', options.maxKilobytes],
    ['linger', options.linger],
    ['keep', options.keep],
    ['floorkb', options.floorKibibytes],
    ['roomkb', options.roomKilobytes],
    ['until', options.until],
    ['notafter', options.notAfter],
    ['zroot', options.changesUser ? 1 : undefined],
    ['expression', options.expression],
  ];
  return words.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
}
