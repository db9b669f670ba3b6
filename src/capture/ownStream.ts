import type { Debugger } from '../debugger/place.ts';
import {
  allOf,
  anyOf,
  expression,
  not,
  renderCaptureFilter,
  test,
} from '../filters/capture/captureFilter.ts';

/**
 * The filter for a capture that leaves out the connections its own output travels in: in a node's
 * network each packet that is sent to us would be one more to send.
 */
export function withoutOwnStream(
  text: string | undefined,
  { ownPorts }: Pick<Debugger, 'ownPorts'>,
): string | undefined {
  if (ownPorts.length === 0) return text;
  const others = not(anyOf(ownPorts.map((port) => test(`tcp port ${port}`))));
  return renderCaptureFilter(text === undefined ? others : allOf([expression(text), others]));
}

/** Tells the user what is in a capture of a node's network, and what is not. */
export function nodeNetworkNote(
  { ofNode, ownPorts }: Pick<Debugger, 'ofNode' | 'ownPorts'>,
  pod: string | undefined,
): string | undefined {
  if (!ofNode) return undefined;
  const ports = ownPorts.join(', ');
  const whose = pod === undefined ? '' : `pod "${pod}" uses its node's network: `;
  return `${whose}packets of the whole node are shown, but for those that carry this capture (tcp port ${ports})`;
}
