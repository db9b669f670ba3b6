import { Agent as HttpAgent } from 'node:http';
import { type AgentOptions, Agent as HttpsAgent } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { openTunnel } from './proxyTunnel.ts';
import type { TlsSettings } from './tlsSettings.ts';

type Created = (error: Error | null, stream: Duplex) => void;

/**
 * An agent whose connections all lead through a proxy, for requests and websockets alike. Servers
 * without TLS are reached by a tunnel too, where kubectl lets the proxy send the request: the same
 * to the server, and websockets need it.
 */
export function proxyAgent(
  server: URL,
  proxy: URL,
  tls: TlsSettings,
  options: AgentOptions,
): HttpAgent | HttpsAgent {
  const open = (settings: AgentOptions) =>
    openTunnel(proxy, { host: settings.host ?? '', port: Number(settings.port) }, tls);
  return server.protocol === 'https:'
    ? new SecureTunnels(open, options)
    : new PlainTunnels(open, options);
}

type Open = (settings: AgentOptions) => Promise<Socket>;

class PlainTunnels extends HttpAgent {
  readonly #open: Open;

  constructor(open: Open, options: AgentOptions) {
    super(options);
    this.#open = open;
  }

  override createConnection(settings: AgentOptions, created?: Created): undefined {
    this.#open(settings).then(
      (socket) => created?.(null, socket),
      (error: Error) => created?.(error, undefined as unknown as Duplex),
    );
  }
}

class SecureTunnels extends HttpsAgent {
  readonly #open: Open;

  constructor(open: Open, options: AgentOptions) {
    super(options);
    this.#open = open;
  }

  override createConnection(settings: AgentOptions, created?: Created): undefined {
    this.#open(settings).then(
      (socket) => {
        // TLS inside the tunnel is as without one: sessions, names and certificates of the agent.
        const secured = super.createConnection({ ...settings, socket } as AgentOptions);
        if (secured) created?.(null, secured);
      },
      (error: Error) => created?.(error, undefined as unknown as Duplex),
    );
  }
}
