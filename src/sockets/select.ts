import { isListening, type Socket } from '../tools/socket.ts';
import type { Selection } from '../tools/socketSelection.ts';

/** Whether the socket is wanted; the tools cannot be asked for every combination. */
export function isSelected(socket: Socket, selection: Selection): boolean {
  return (
    isSelectedProtocol(socket, selection) && (selection.states === 'all' || isListening(socket))
  );
}

function isSelectedProtocol({ protocol }: Socket, selection: Selection): boolean {
  switch (protocol) {
    case 'tcp':
      return selection.tcp && selection.ipv4;
    case 'tcp6':
      return selection.tcp && selection.ipv6;
    case 'udp':
      return selection.udp && selection.ipv4;
    case 'udp6':
      return selection.udp && selection.ipv6;
    case 'unix':
      return selection.unix;
  }
}
