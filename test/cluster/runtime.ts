import type { ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

/** The requested streams of a process, as in the exec and attach subresources. */
export interface StreamRequest {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** A container that runs on one of the nodes, as seen by the API server. */
export interface RunningContainer {
  /** Address of the runtime's own streaming server for one exec. It supports SPDY and websocket v4. */
  execUrl(command: readonly string[], streams: StreamRequest): Promise<string>;
  /** The same for attaching to the main process. */
  attachUrl(streams: StreamRequest): Promise<string>;
  /** Runs a command in the container over plain pipes, so that closing stdin is a true half-close. */
  spawn(command: readonly string[]): ChildProcessByStdio<Writable, Readable, Readable>;
}

/** The API server's requests to the nodes. */
export interface Runtime {
  /** The running container with that name in the pod, or undefined if it is not running. */
  container(namespace: string, pod: string, name: string): RunningContainer | undefined;
  /** Address of the runtime's streaming server for a port forward into the pod's sandbox. */
  portForwardUrl(namespace: string, pod: string, ports: readonly number[]): Promise<string>;
  /** Path of the CRI log file of a container that is running or has run. Undefined if there is none. */
  logFile(namespace: string, pod: string, name: string): string | undefined;
}
