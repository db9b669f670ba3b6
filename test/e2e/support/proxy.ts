import { connect, createServer, type Socket } from 'node:net';
import { type AtEnd, namespaced } from './world.ts';

/** A proxy between netdebug and the API server that can fail on request. */
export interface FaultyProxy {
  /** A kubeconfig that uses the proxy. */
  readonly kubeconfig: string;
  /** The number of connections so far. */
  connections(): number;
  /** The number of connections that it has reset because it is down. */
  refused(): number;
  /** Resolves when the server has sent the given number of bytes more. */
  received(bytes: number): Promise<void>;
  /** Closes every connection with FIN, in both directions. */
  fin(): void;
  /** Ends every connection with a reset, in both directions. */
  reset(): void;
  /** Stops forwarding any data, without closing connections. */
  blackhole(): void;
  /** Forwards nothing on the present connections, not even their ends, until `release` is called. */
  hold(): void;
  /** Forwards what was held back. */
  release(): void;
  /** Resets every connection, including new ones. */
  goDown(): void;
  /** New connections work again. Connections in the black hole stay there. */
  heal(): void;
}

/** A TCP proxy to the server of a kubeconfig. It is closed at the end of the test. */
export async function proxyTo(kubeconfig: string, atEnd: AtEnd): Promise<FaultyProxy> {
  let target: URL | undefined;
  let [black, down] = [false, false];
  const pairs = new Set<Pair>();
  let [connections, refused, received] = [0, 0, 0];
  const waiting = new Set<() => void>();
  const server = createServer((client) => {
    client.on('error', () => {});
    if (down) {
      refused += 1;
      client.resetAndDestroy();
      return;
    }
    const upstream = connect(Number(target?.port || 443), target?.hostname);
    const pair: Pair = { sockets: [client, upstream], swallows: black, isHeld: false };
    pairs.add(pair);
    connections += 1;
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.on('data', (chunk: Buffer) => {
        if (from === upstream) {
          received += chunk.length;
          for (const look of waiting) look();
        }
        if (!pair.swallows && !to.write(chunk)) from.pause();
      });
      to.on('drain', () => {
        if (!pair.isHeld) from.resume();
      });
      from.on('end', () => {
        if (!pair.swallows) to.end();
      });
      from.on('error', () => to.destroy());
      from.on('close', () => {
        pairs.delete(pair);
        if (!pair.swallows) to.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  const through = namespaced(kubeconfig, (cluster) => {
    target = new URL(String(cluster.server));
    cluster.server = `https://127.0.0.1:${address.port}${target.pathname === '/' ? '' : target.pathname}`;
    // A name that is an address is verified against the certificate without this.
    if (!/^[\d.]+$/.test(target.hostname)) cluster['tls-server-name'] ??= target.hostname;
  });
  const each = (end: (socket: Socket) => void) => {
    for (const { sockets } of [...pairs]) for (const socket of sockets) end(socket);
  };
  atEnd(() => {
    each((socket) => socket.destroy());
    server.close();
  });
  return {
    kubeconfig: through,
    connections: () => connections,
    refused: () => refused,
    received: (bytes) => {
      const enough = received + bytes;
      return new Promise((resolve) => {
        const look = () => {
          if (received < enough) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
      });
    },
    fin: () => each((socket) => socket.end()),
    reset: () => each((socket) => socket.resetAndDestroy()),
    blackhole: () => {
      black = true;
      for (const pair of pairs) pair.swallows = true;
    },
    hold: () => {
      for (const pair of pairs) pair.isHeld = true;
      each((socket) => socket.pause());
    },
    release: () => {
      for (const pair of pairs) pair.isHeld = false;
      each((socket) => socket.resume());
    },
    goDown: () => {
      down = true;
      each((socket) => socket.resetAndDestroy());
    },
    heal: () => {
      [black, down] = [false, false];
    },
  };
}

/** A connection to the proxy, and its connection to the server. */
interface Pair {
  readonly sockets: readonly [Socket, Socket];
  swallows: boolean;
  isHeld: boolean;
}
