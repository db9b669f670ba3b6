/** Something that could not be read. What depends on it is unknown, which is never the same as "no". */
export interface Unknown {
  /** What is missing, as a noun: `links`, `netfilter rules`, `network policies` … */
  readonly what: string;
  readonly node?: string;
  /** The inode of the network namespace. */
  readonly netns?: number;
  /** What the system said, or which tool is missing. */
  readonly why: string;
  /** What it would take: a capability, a right, a tool, a kernel module. */
  readonly needs?: string;
}
