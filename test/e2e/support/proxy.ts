import { connect, createServer, type Socket } from 'node:net';
import { type AtEnd, namespaced } from './world.ts';

/** What stands between our program and the API server, and can fail. */
export interface FaultyProxy {
  /** A kubeconfig that goes through the proxy. */
  readonly kubeconfig: string;
  /** Ends every connection in order, both ways. */
  fin(): void;
  /** Ends every connection with a reset, both ways. */
  reset(): void;
  /** Takes and gives nothing more, and says nothing. */
  blackhole(): void;
}

/** A TCP proxy to the server of a kubeconfig, closed at the end of the test. */
export async function proxyTo(kubeconfig: string, atEnd: AtEnd): Promise<FaultyProxy> {
  let target: URL | undefined;
  let black = false;
  const pairs = new Set<[Socket, Socket]>();
  const server = createServer((client) => {
    const upstream = connect(Number(target?.port || 443), target?.hostname);
    const pair: [Socket, Socket] = [client, upstream];
    pairs.add(pair);
    for (const [from, to] of [pair, [upstream, client] as const]) {
      from.on('data', (chunk: Buffer) => {
        if (!black && !to.write(chunk)) from.pause();
      });
      to.on('drain', () => from.resume());
      from.on('end', () => {
        if (!black) to.end();
      });
      from.on('error', () => to.destroy());
      from.on('close', () => {
        pairs.delete(pair);
        if (!black) to.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  const through = namespaced(kubeconfig, (cluster) => {
    target = new URL(String(cluster.server));
    cluster.server = `https://127.0.0.1:${address.port}${target.pathname === '/' ? '' : target.pathname}`;
    // A name that is an address is checked against the certificate by itself.
    if (!/^[\d.]+$/.test(target.hostname)) cluster['tls-server-name'] ??= target.hostname;
  });
  const each = (end: (socket: Socket) => void) => {
    for (const pair of [...pairs]) for (const socket of pair) end(socket);
  };
  atEnd(() => {
    each((socket) => socket.destroy());
    server.close();
  });
  return {
    kubeconfig: through,
    fin: () => each((socket) => socket.end()),
    reset: () => each((socket) => socket.resetAndDestroy()),
    blackhole: () => {
      black = true;
    },
  };
}
