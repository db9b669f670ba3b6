import { isListening, type Socket, takesIpv4 } from '../tools/socket.ts';
import type { Selection } from '../tools/socketSelection.ts';

/** Whether the socket is selected. The tools cannot filter by every combination. */
export function isSelected(socket: Socket, selection: Selection): boolean {
  return (
    isSelectedProtocol(socket, selection) && (selection.states === 'all' || isListening(socket))
  );
}

function isSelectedProtocol(socket: Socket, selection: Selection): boolean {
  const isOfFamily = selection.ipv6 || (selection.ipv4 && takesIpv4(socket));
  switch (socket.protocol) {
    case 'tcp':
      return selection.tcp && selection.ipv4;
    case 'tcp6':
      return selection.tcp && isOfFamily;
    case 'udp':
      return selection.udp && selection.ipv4;
    case 'udp6':
      return selection.udp && isOfFamily;
    case 'unix':
      return selection.unix;
  }
}
