import type { Debugger } from '../debugger/debugger.ts';
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
  /** The number of packets. */
  readonly count?: number | undefined;
  /** Time since the recorder started. */
  readonly duration?: Milliseconds | undefined;
  /** Size of the output. */
  readonly maxBytes?: Bytes | undefined;
}

/** What to record, for all kinds of recorders and any number of targets. */
export interface CaptureSpec extends CaptureBounds {
  /** The network interface, or `any`; chosen by the recorder when absent. */
  readonly device?: string | undefined;
  /** Bytes kept of each packet; the whole packet when absent. */
  readonly snapLength?: Bytes | undefined;
  readonly filter: CaptureFilter;
}

/** A spec for one debugger, with the filter as its recorder receives it. */
export interface RecorderSpec extends Omit<CaptureSpec, 'filter'> {
  /** pcap-filter(7) expression; all packets when absent. */
  readonly expression?: string | undefined;
}

/**
 * The spec for a debugger. In a node's network, it excludes the connections that carry the capture itself: otherwise
 * each packet sent to this client would be recorded and sent again.
 */
export function recorderSpec(
  { filter, ...spec }: CaptureSpec,
  { ownPorts }: Pick<Debugger, 'ownPorts'>,
): RecorderSpec {
  const own = ownPorts.map((port) => test(`tcp port ${port}`));
  const whole = own.length === 0 ? filter : allOf([filter, not(anyOf(own))]);
  return { ...spec, expression: renderCaptureFilter(whole) };
}
