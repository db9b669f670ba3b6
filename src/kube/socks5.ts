import { isIPv4, isIPv6, type Socket } from 'node:net';

/** The destination of a tunnel. */
export interface TunnelTarget {
  readonly host: string;
  readonly port: number;
}

/** RFC 1928 (the protocol) and RFC 1929 (name and password). */
const VERSION = 5;
const NO_AUTHENTICATION = 0;
const USERNAME_PASSWORD = 2;
const CONNECT = 1;
const ADDRESS_TYPE = { ipv4: 1, name: 3, ipv6: 4 } as const;
const REPLY_TEXTS: Readonly<Record<number, string>> = {
  1: 'general SOCKS server failure',
  2: 'connection not allowed by ruleset',
  3: 'network unreachable',
  4: 'host unreachable',
  5: 'connection refused',
  6: 'TTL expired',
  7: 'command not supported',
  8: 'address type not supported',
};

/**
 * Asks the SOCKS5 proxy behind a new socket to connect to `to`. The proxy looks up the name. Resolves when data from
 * `to` may arrive. Rejects with an Error if the proxy refuses or closes the connection.
 */
export async function socksConnect(
  socket: Socket,
  target: TunnelTarget,
  { username, password }: { readonly username: string; readonly password: string },
): Promise<void> {
  const hasCredentials = username !== '' || password !== '';
  socket.write(
    Buffer.from(
      hasCredentials ? [VERSION, 2, NO_AUTHENTICATION, USERNAME_PASSWORD] : [VERSION, 1, 0],
    ),
  );
  const [version, method] = await readExactly(socket, 2);
  if (version !== VERSION) throw new Error(`unexpected protocol version ${version}`);
  if (method === USERNAME_PASSWORD && hasCredentials) {
    socket.write(
      Buffer.concat([Buffer.from([1]), lengthPrefixed(username), lengthPrefixed(password)]),
    );
    const [, status] = await readExactly(socket, 2);
    if (status !== 0) throw new Error('username/password authentication failed');
  } else if (method !== NO_AUTHENTICATION) throw new Error('no acceptable authentication methods');

  const port = Buffer.from([target.port >> 8, target.port & 0xff]);
  socket.write(
    Buffer.concat([Buffer.from([VERSION, CONNECT, 0]), encodeAddress(target.host), port]),
  );
  const [, reply = 1, , addressType] = await readExactly(socket, 4);
  if (reply !== 0) throw new Error(REPLY_TEXTS[reply] ?? `unknown code: ${reply}`);
  const length =
    addressType === ADDRESS_TYPE.ipv4
      ? 4
      : addressType === ADDRESS_TYPE.ipv6
        ? 16
        : ((await readExactly(socket, 1))[0] ?? 0);
  await readExactly(socket, length + port.length);
}

function lengthPrefixed(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length > 255)
    throw new Error('user name and password of a proxy can have at most 255 bytes each');
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

function encodeAddress(host: string): Buffer {
  if (isIPv4(host)) return Buffer.from([ADDRESS_TYPE.ipv4, ...host.split('.').map(Number)]);
  if (isIPv6(host)) return Buffer.concat([Buffer.from([ADDRESS_TYPE.ipv6]), ipv6Bytes(host)]);
  return Buffer.concat([Buffer.from([ADDRESS_TYPE.name]), lengthPrefixed(host)]);
}

function ipv6Bytes(host: string): Buffer {
  const [head = '', tail] = host.split('::');
  const groups = (part: string | undefined) => (part ? part.split(':') : []);
  const [before, after] = [groups(head), groups(tail)];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  const words = [...before, ...(tail === undefined ? [] : zeros), ...after];
  return Buffer.from(words.map((word) => word.padStart(4, '0')).join(''), 'hex');
}

/** Reads exactly `size` bytes, and leaves the rest for the next reader. */
async function readExactly(socket: Socket, size: number): Promise<Buffer> {
  let received = Buffer.alloc(0);
  for (;;) {
    // Read everything: data that stays in the socket would make it readable again at once.
    const chunk = socket.read() as Buffer | null;
    if (chunk !== null) received = Buffer.concat([received, chunk]);
    if (received.length >= size) {
      if (received.length > size) socket.unshift(received.subarray(size));
      return received.subarray(0, size);
    }
    if (socket.readableEnded || socket.destroyed) throw socket.errored ?? new Error('EOF');
    await new Promise<void>((resolve) => {
      const onEvent = () => {
        for (const event of EVENTS) socket.off(event, onEvent);
        resolve();
      };
      for (const event of EVENTS) socket.once(event, onEvent);
    });
  }
}

const EVENTS = ['readable', 'end', 'close', 'error'] as const;
