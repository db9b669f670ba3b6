import type { Listing } from '../spool/listing.ts';
import type { DetachedCapture } from './captures.ts';

/** A detached capture that records. */
export interface StartedCapture {
  readonly capture: DetachedCapture;
  /** What it captures, for the user. */
  readonly shown: string;
  readonly listing: Listing;
}
