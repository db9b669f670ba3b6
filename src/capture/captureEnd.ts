/** Why a capture ended. */
export type CaptureEnd =
  /** tcpdump ended by itself because it had the requested number of packets. */
  | 'complete'
  | 'duration'
  | 'size'
  /** A signal from the user, or from another process. */
  | 'interrupted'
  /** The reader of the output closed it. */
  | 'reader-gone'
  /** It ended by itself, although nothing asked it to. */
  | 'early'
  /** It did not end in order; packets that had arrived are kept. */
  | 'abandoned';
