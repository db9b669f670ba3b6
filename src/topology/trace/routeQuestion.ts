import type { NetworkNamespace } from '../model/networkNamespace.ts';
import type { RouteQuestion } from '../model/routeAnswer.ts';
import type { TracedPacket } from '../netfilter/packet.ts';

/**
 * The question to a namespace for a packet's route. It has the mark, protocol and ports only if rules select by
 * them, so that no question is asked twice.
 */
export function questionFor(
  { rules }: NetworkNamespace,
  packet: TracedPacket,
  inputDevice: string | undefined,
): RouteQuestion {
  const { destination, source, mark, protocol, sourcePort, destinationPort } = packet;
  const byMark = mark !== 0 && rules?.some((rule) => rule.mark !== undefined);
  const byPort =
    rules?.some((rule) => rule.protocol ?? rule.sourcePort ?? rule.destinationPort) === true &&
    (protocol === 'tcp' || protocol === 'udp');
  return {
    to: destination,
    ...(source !== '' && { from: source }),
    ...(inputDevice !== undefined && { inputDevice }),
    ...(byMark && { mark: `0x${mark.toString(16)}` }),
    ...(byPort && {
      protocol,
      ...(sourcePort !== undefined && { sourcePort }),
      ...(destinationPort !== undefined && { destinationPort }),
    }),
  };
}
