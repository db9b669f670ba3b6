import { once } from 'node:events';
import { type AddressInfo, connect, type Server, type Socket } from 'node:net';

/** The connections of a server. */
export interface OpenSockets {
  /**
   * Waits until every connection made before this call has been accepted and closed. By then the requests of finished
   * clients have been recorded.
   */
  closed(): Promise<void>;
}

export function openSockets(server: Server): OpenSockets {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  return {
    async closed() {
      // Connections are accepted in order: when this one is accepted, so are all before it.
      const last = connect((server.address() as AddressInfo).port, '127.0.0.1');
      await once(last, 'connect');
      const isLast = (socket: Socket) => socket.remotePort === last.localPort;
      // It may have been accepted before its own end knows that it is connected.
      while (![...open].some(isLast)) await once(server, 'connection');
      last.destroy();
      while (open.size > 0) await Promise.all([...open].map((socket) => once(socket, 'close')));
    },
  };
}
