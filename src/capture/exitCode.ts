/** Exit codes above this are 128 plus a signal. */
export const FIRST_SIGNAL = 128;
