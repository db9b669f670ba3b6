import { Agent as HttpAgent } from 'node:http';
import { type AgentOptions, Agent as HttpsAgent } from 'node:https';
import type { Duplex } from 'node:stream';
import { openTunnel } from './proxyTunnel.ts';
import type { TlsSettings } from './tlsSettings.ts';

type ConnectionCallback = (error: Error | null, stream: Duplex) => void;

/**
 * An agent that makes all its connections through a proxy, for requests and websockets alike. A server without TLS is
 * also reached through a tunnel. kubectl lets the proxy send the request instead. The result is the same for the
 * server, and websockets need the tunnel.
 */
export function proxyAgent(
  server: URL,
  proxy: URL,
  tls: TlsSettings,
  options: AgentOptions,
): HttpAgent | HttpsAgent {
  const httpsAgent = server.protocol === 'https:' ? new HttpsAgent(options) : undefined;
  const agent = httpsAgent ?? new HttpAgent(options);
  // TLS inside the tunnel uses the agent's sessions, names and certificates, as without a tunnel.
  const connectTls = httpsAgent?.createConnection.bind(httpsAgent);
  agent.createConnection = (settings: AgentOptions, callback?: ConnectionCallback) => {
    openTunnel(proxy, { host: settings.host ?? '', port: Number(settings.port) }, tls).then(
      (socket) => {
        const stream = connectTls ? connectTls({ ...settings, socket } as AgentOptions) : socket;
        if (stream) callback?.(null, stream);
      },
      (error: Error) => callback?.(error, undefined as unknown as Duplex),
    );
    return undefined;
  };
  return agent;
}
