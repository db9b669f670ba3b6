import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import type { RunningContainer } from '../runtime.ts';
import { CHANNEL, messageHead } from './channels.ts';
import { exitStatus, startFailureStatus } from './execStatus.ts';
import { StartFailure } from './startFailure.ts';

/**
 * Serves one exec without a terminal over an open v5 websocket. The process gets plain pipes, so that closing its stdin
 * is a true half-close. However the client disconnects, the process sees the end of its stdin and continues to run. Its
 * output is then discarded.
 */
export function execProcess(
  client: WebSocket,
  socket: Duplex,
  child: ReturnType<RunningContainer['spawn']>,
  streams: {
    readonly stdin: boolean;
    readonly stdout: boolean;
    readonly stderr: boolean;
  },
): void {
  const failure = new StartFailure();
  const outputs = [
    { stream: child.stdout, channel: CHANNEL.stdout, isRequested: streams.stdout },
    { stream: child.stderr, channel: CHANNEL.stderr, isRequested: streams.stderr },
  ];
  const isOpen = () => client.readyState === WebSocket.OPEN;

  const write = (channel: number, payload: Buffer) => {
    // Bypasses ws: head and payload are sent without a copy, in one system call.
    socket.cork();
    socket.write(messageHead(channel, payload.length));
    const hasRoom = socket.write(payload);
    socket.uncork();
    if (!hasRoom) for (const { stream } of outputs) stream.pause();
  };
  const resumeOutputs = () => {
    for (const { stream } of outputs) stream.resume();
  };
  socket.on('drain', resumeOutputs);

  write(CHANNEL.stdout, Buffer.alloc(0));
  for (const { stream, channel, isRequested } of outputs) {
    stream.on('data', (chunk: Buffer) => {
      const shown = channel === CHANNEL.stderr ? failure.filter(chunk) : chunk;
      if (!isRequested || !isOpen() || shown.length === 0) return;
      write(channel, shown);
    });
  }

  // A process need not read its input, and may have ended when input arrives.
  child.stdin.on('error', () => undefined);
  child.stdin.on('drain', () => client.resume());
  if (!streams.stdin) child.stdin.end();
  client.on('message', (data: Buffer) => {
    if (data[0] === CHANNEL.close && data[1] === CHANNEL.stdin) child.stdin.end();
    else if (data[0] === CHANNEL.stdin && data.length > 1 && child.stdin.writable) {
      if (!child.stdin.write(data.subarray(1))) client.pause();
    }
  });
  client.on('error', () => client.terminate());
  client.on('close', () => {
    child.stdin.end();
    resumeOutputs();
  });

  child.on('error', (error) => failure.set(error.message));
  child.on('close', (code, signal) => {
    // A paused websocket does not see the client's response to the close.
    client.resume();
    if (!isOpen()) return;
    const held = failure.release(code);
    if (held.length > 0 && streams.stderr) write(CHANNEL.stderr, held);
    const status =
      failure.reason === undefined
        ? exitStatus(code ?? (signal === 'SIGKILL' ? 137 : 143))
        : startFailureStatus(failure.reason);
    write(CHANNEL.status, Buffer.from(status));
    client.close(1000);
  });
}
