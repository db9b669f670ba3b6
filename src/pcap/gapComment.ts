/**
 * The start of the comment that a merge adds to the first packet after a gap in the recording. Readers recognize by it
 * that the missing packets were not lost in the network.
 */
export const GAP_COMMENT_PREFIX = 'GAP: ';
