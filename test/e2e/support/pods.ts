import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { adminCall } from './adminApi.ts';
import { eventually } from './process.ts';
import { kubectl, world } from './world.ts';

export interface PodOptions {
  readonly command?: readonly string[];
  readonly image?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Index into world.nodes. */
  readonly node?: 0 | 1;
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly container?: Readonly<Record<string, unknown>>;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

let pods = 0;
/** A dozen pods start at once on a busy machine. */
const READY_MS = 90_000;
/** Names of pods in the suite's namespace, and manifests of static ones, that this file made. */
const made: string[] = [];
const manifests: string[] = [];
/** Names of those that send to another one, to TO, as long as they live. */
const sending = new Set<string>();

/** A name that no other pod of the suite has. */
export function podName(purpose: string): string {
  pods += 1;
  return `${purpose}-${process.pid}-${pods}`;
}

/** Makes a pod without waiting for anything. */
export async function makePod(purpose: string, options: PodOptions = {}): Promise<string> {
  const name = podName(purpose);
  await adminCall('POST', podsPath(), manifest(name, options));
  made.push(name);
  if (options.env?.TO !== undefined) sending.add(name);
  return name;
}

/**
 * Deletes the pods that this file made: a hundred that stay cost the others their time. Those that are sent to go last,
 * and sinks with the cluster or the namespace: what is sent to a pod that is gone is flooded by its bridge, and captured
 * in other tests.
 */
export async function deleteMadePods(): Promise<void> {
  for (const file of manifests.splice(0)) rmSync(file);
  const names = made.splice(0).filter((name) => !name.startsWith('sink-'));
  const senders = names.filter((name) => sending.has(name));
  const others = names.filter((name) => !sending.has(name));
  if (senders.length > 0) await kubectl(['delete', 'pods', ...senders, '--ignore-not-found']);
  if (others.length > 0)
    await kubectl(['delete', 'pods', ...others, '--ignore-not-found', '--wait=false']);
}

/**
 * Deletes the pods on nodes that commands have kept in the suite's namespace, and waits for their end: the next file
 * would reuse them. For files that have a cluster of their own meanwhile.
 */
export async function deleteKeptPods(): Promise<void> {
  await kubectl(['delete', 'pod', '-l', 'netdebug/kind=node', '--now']);
}

/** Makes a pod from a file on its node, and waits until its mirror is ready; gives that. */
export async function runStaticPod(purpose: string, options: PodOptions = {}): Promise<ReadyPod> {
  const name = podName(purpose);
  const node = world.nodes[options.node ?? 0];
  const folder = world.staticPodFolders?.[node];
  if (folder === undefined) throw new Error(`no folder for static pods of ${node}`);
  const pod = manifest(name, { ...options, metadata: { namespace: world.namespace } });
  const file = join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify(pod));
  manifests.push(file);
  const mirror = `${name}-${node}`;
  return readyPod(mirror);
}

function manifest(name: string, options: PodOptions): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, ...options.metadata },
    spec: {
      nodeName: world.nodes[options.node ?? 0],
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: 'main',
          image: options.image ?? world.appImage,
          imagePullPolicy: 'IfNotPresent',
          ...(options.command && { command: options.command }),
          env: Object.entries(options.env ?? {}).map(([name, value]) => ({ name, value })),
          ...options.container,
        },
      ],
      ...options.spec,
    },
  };
}

/** A pod that is ready. */
export interface ReadyPod {
  readonly name: string;
  readonly ip: string;
  /** All its addresses, of both families where the cluster has both. */
  readonly ips: readonly string[];
  readonly uid: string;
}

interface PodObject {
  readonly metadata?: { readonly uid: string };
  readonly status?: {
    readonly podIP?: string;
    readonly podIPs?: readonly { readonly ip: string }[];
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

/**
 * Waits until a pod of the suite's, which may not be there yet, is ready. Without kubectl: it
 * needs as much CPU as many a test.
 */
export async function readyPod(name: string, namespace = world.namespace): Promise<ReadyPod> {
  let pod: PodObject = {};
  let failure: unknown;
  const isReady = async () => {
    try {
      pod = (await adminCall('GET', `${podsPath(namespace)}/${name}`)) as PodObject;
    } catch (error) {
      failure = error;
      return false;
    }
    return (
      pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ??
      false
    );
  };
  if (!(await eventually(isReady, READY_MS)))
    throw new Error(`${name} is not ready: ${JSON.stringify(pod.status)}`, { cause: failure });
  const { podIP: ip = '', podIPs = [] } = pod.status ?? {};
  return { name, ip, ips: podIPs.map((address) => address.ip), uid: pod.metadata?.uid ?? '' };
}

function podsPath(namespace = world.namespace): string {
  return `/api/v1/namespaces/${namespace}/pods`;
}

/** Makes a pod and waits until it is ready. */
export async function runPod(purpose: string, options: PodOptions = {}): Promise<ReadyPod> {
  return readyPod(await makePod(purpose, options));
}

/**
 * Sends a datagram with a number in it to `$TO` about twenty times a second, for a limited time, because pods outlive
 * their test. Without a process for each pause, because many of them run at once.
 */
export function chatterFor(seconds: number): readonly [string, string, string] {
  const script = `exec 8<> <(:); while [ "$SECONDS" -lt ${seconds} ]; do read -t 0.05 -u 8; n=$((n+1)); printf "seq-%06d" "$n" > "/dev/udp/$TO/9"; done; exec sleep 86400`;
  return ['bash', '-c', script];
}

/** The same for five minutes. */
export const CHATTER = chatterFor(300);
