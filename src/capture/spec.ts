import type { Debugger } from '../debugger/place.ts';
import {
  allOf,
  anyOf,
  type CaptureFilter,
  not,
  renderCaptureFilter,
  test,
} from '../filters/capture/captureFilter.ts';
import type { Bytes, Milliseconds } from './units.ts';

/** When a capture ends by itself. An absent bound means no limit. */
export interface CaptureBounds {
  /** Packets recorded. */
  readonly count?: number | undefined;
  /** Time since the recorder began. */
  readonly duration?: Milliseconds | undefined;
  /** Size of the output. */
  readonly maxBytes?: Bytes | undefined;
}

/** What to record, for every kind of recorder and for any number of targets. */
export interface CaptureSpec extends CaptureBounds {
  /** The network interface, or `any`; the recorder's choice when absent. */
  readonly device?: string | undefined;
  /** Bytes kept of each packet; all when absent. */
  readonly snapLength?: Bytes | undefined;
  readonly filter: CaptureFilter;
}

/** A spec for one debugger, with the filter as the recorder there receives it. */
export interface RecorderSpec extends Omit<CaptureSpec, 'filter'> {
  /** pcap-filter(7) expression; every packet when absent. */
  readonly expression?: string | undefined;
}

/**
 * The spec for a debugger. In a node's network it excludes the connections that carry the capture itself:
 * each packet sent to this client would be recorded, and sent again.
 */
export function recorderSpec(
  { filter, ...spec }: CaptureSpec,
  { ownPorts }: Pick<Debugger, 'ownPorts'>,
): RecorderSpec {
  const own = ownPorts.map((port) => test(`tcp port ${port}`));
  const whole = own.length === 0 ? filter : allOf([filter, not(anyOf(own))]);
  return { ...spec, expression: renderCaptureFilter(whole) };
}
