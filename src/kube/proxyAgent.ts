import { Agent as HttpAgent } from 'node:http';
import { type AgentOptions, Agent as HttpsAgent } from 'node:https';
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
  const secure = server.protocol === 'https:' ? new HttpsAgent(options) : undefined;
  const agent = secure ?? new HttpAgent(options);
  // TLS inside the tunnel is as without one: sessions, names and certificates of the agent.
  const secured = secure?.createConnection.bind(secure);
  agent.createConnection = (settings: AgentOptions, created?: Created) => {
    openTunnel(proxy, { host: settings.host ?? '', port: Number(settings.port) }, tls).then(
      (socket) => {
        const stream = secured ? secured({ ...settings, socket } as AgentOptions) : socket;
        if (stream) created?.(null, stream);
      },
      (error: Error) => created?.(error, undefined as unknown as Duplex),
    );
    return undefined;
  };
  return agent;
}
