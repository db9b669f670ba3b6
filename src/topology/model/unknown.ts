/** Something that could not be read. Whatever depends on it is unknown, which is not the same as "no". */
export interface Unknown {
  /** What is missing, as a noun: `links`, `netfilter rules`, `network policies` … */
  readonly what: string;
  readonly node?: string;
  /** The inode of the network namespace. */
  readonly netns?: number;
  /** What the system answered, or which tool is missing. */
  readonly why: string;
  /** What is needed to read it: a capability, a right, a tool, a kernel module. */
  readonly needs?: string;
}
