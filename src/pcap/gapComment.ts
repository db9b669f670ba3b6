/**
 * How a comment begins that a merge writes with the first packet after a part of the recording that is missing. Readers
 * know by it that what they miss there was not lost in the network.
 */
export const GAP_MARK = 'GAP: ';
