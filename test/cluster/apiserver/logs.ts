import { watch } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import type { KubeObject } from '../store.ts';
import type { ResourceRequest } from './context.ts';
import { type LogLine, LogParser } from './criLog.ts';
import { objectAt, objectsAt, stringAt } from './json.ts';
import { chosenContainer, podOf, requireNode } from './podStreams.ts';
import { apiHeaders } from './respond.ts';
import { badRequest } from './status.ts';

const READ_SIZE = 64 * 1024;
/** How often a followed log is checked if the kernel reports no change. */
const LOOK_EVERY_MS = 250;

/** GET of pods/log: the text of a container's log file, and with `follow` also later additions. */
export async function sendLog(request: ResourceRequest): Promise<void> {
  const { cluster, route, query, response } = request;
  const pod = podOf(cluster, route);
  const name = chosenContainer(pod, query);
  requireNode(pod);
  if (query.get('previous') === 'true') {
    throw badRequest(
      `previous terminated container ${JSON.stringify(name)} in pod ${JSON.stringify(route.name)} not found`,
    );
  }
  const path = cluster.runtime.logFile(route.namespace, route.name, name);
  if (path === undefined) {
    throw badRequest(
      `container ${JSON.stringify(name)} in pod ${JSON.stringify(route.name)} is waiting to start: ${waitingReason(pod, name)}`,
    );
  }
  const file = await open(path);
  const disconnected = new AbortController();
  response.on('close', () => disconnected.abort());
  response.writeHead(200, apiHeaders('text/plain'));
  response.flushHeaders();
  try {
    const write = lineWriter(query, response);
    const parser = new LogParser();
    const old = parser.push(await readRest(file));
    for (const line of lastLines(old, query)) write(line);
    if (query.get('follow') === 'true') {
      const isRunning = () =>
        cluster.runtime.container(route.namespace, route.name, name) !== undefined;
      await follow(file, path, isRunning, disconnected.signal, (chunk) =>
        parser.push(chunk).forEach(write),
      );
    }
  } finally {
    await file.close();
  }
  response.end();
}

// The kubelet has special messages for these.
const WAITING_TEXTS: Readonly<Record<string, string>> = {
  ErrImagePull: "image can't be pulled",
  ImagePullBackOff: 'trying and failing to pull image',
};

function waitingReason(pod: KubeObject, name: string): string {
  const status = objectAt(pod.status);
  const all = ['initContainerStatuses', 'containerStatuses', 'ephemeralContainerStatuses'];
  const found = all
    .flatMap((list) => objectsAt(status[list]))
    .find((container) => container.name === name);
  const { reason } = objectAt(objectAt(found?.state).waiting);
  return WAITING_TEXTS[stringAt(reason)] ?? (stringAt(reason) || 'ContainerCreating');
}

function lastLines(lines: readonly LogLine[], query: URLSearchParams): readonly LogLine[] {
  const tail = query.get('tailLines');
  const seconds = query.get('sinceSeconds');
  const since = seconds
    ? Date.now() - Number(seconds) * 1000
    : Date.parse(query.get('sinceTime') ?? '');
  const young = Number.isNaN(since) ? lines : lines.filter(({ time }) => Date.parse(time) >= since);
  if (tail === null) return young;
  return Number(tail) === 0 ? [] : young.slice(-Number(tail));
}

function lineWriter(query: URLSearchParams, body: Writable): (line: LogLine) => void {
  const withTime = query.get('timestamps') === 'true';
  let left = Number(query.get('limitBytes') ?? Number.POSITIVE_INFINITY);
  return ({ time, text }) => {
    const shown = withTime ? Buffer.concat([Buffer.from(`${time} `), text]) : text;
    if (left > 0) body.write(shown.subarray(0, left));
    left -= shown.length;
  };
}

async function readRest(file: FileHandle): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (;;) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(READ_SIZE));
    if (bytesRead === 0) return Buffer.concat(chunks);
    chunks.push(buffer.subarray(0, bytesRead));
  }
}

/** Reads additions until the container has ended and everything is read, or the client has disconnected. */
async function follow(
  file: FileHandle,
  path: string,
  isRunning: () => boolean,
  disconnected: AbortSignal,
  take: (chunk: Buffer) => void,
): Promise<void> {
  const changes = watch(path);
  try {
    while (!disconnected.aborted) {
      const running = isRunning();
      const chunk = await readRest(file);
      if (chunk.length > 0) take(chunk);
      else if (!running) return;
      else await nextChange(changes, disconnected);
    }
  } finally {
    changes.close();
  }
}

function nextChange(changes: ReturnType<typeof watch>, disconnected: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      changes.off('change', done);
      disconnected.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, LOOK_EVERY_MS);
    changes.on('change', done);
    disconnected.addEventListener('abort', done);
  });
}
