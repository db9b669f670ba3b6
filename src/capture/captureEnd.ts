/** Why a capture ended. */
export type CaptureEnd =
  /** tcpdump ended by itself: it has as many packets as were requested. */
  | 'complete'
  | 'duration'
  | 'size'
  /** A signal from the user, or from another process. */
  | 'interrupted'
  /** The reader of the output closed it. */
  | 'reader-gone'
  /** By itself, although nothing had asked it to. */
  | 'early'
  /** It did not end in order; what had arrived is kept. */
  | 'abandoned';
