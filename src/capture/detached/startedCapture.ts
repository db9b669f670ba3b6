import type { Listing } from '../spool/listing.ts';
import type { DetachedCapture } from './captures.ts';

/** A detached capture that is recording. */
export interface StartedCapture {
  readonly capture: DetachedCapture;
  /** What it captures, as shown to the user. */
  readonly label: string;
  readonly listing: Listing;
}
