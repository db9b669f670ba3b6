import { setTimeout as delay } from 'node:timers/promises';
import type { ClusterNode } from '../nodes/node.ts';
import type { ContainerRecord } from './containerRecord.ts';
import type { Container, Pod, Probe } from './pod.ts';
import type { PodEvents } from './podEvents.ts';

/** The grace period in seconds of a container that is restarted, unless its pod sets another one. */
const defaultGrace = 30;

/** The parameters and callbacks of probing. */
export interface ProbeSurroundings {
  readonly pod: Pod;
  readonly podIp: string;
  readonly node: ClusterNode;
  readonly events: PodEvents;
  /** Call it when the readiness of the container has changed. */
  readonly changed: () => void;
  readonly signal: AbortSignal;
}

/** Runs the readiness and liveness probes of a container's newest run until its end. */
export function watchOver(record: ContainerRecord, around: ProbeSurroundings): void {
  const { readinessProbe, livenessProbe } = record.spec;
  if (readinessProbe)
    void repeat(
      record,
      readinessProbe,
      around,
      (isGood) => {
        if (record.passesReadiness === isGood) return;
        record.passesReadiness = isGood;
        around.changed();
      },
      'Readiness',
    );
  if (livenessProbe)
    void repeat(
      record,
      livenessProbe,
      around,
      (isGood) => {
        if (!isGood) void restart(record, around);
      },
      'Liveness',
    );
}

async function repeat(
  record: ContainerRecord,
  probe: Probe,
  around: ProbeSurroundings,
  settle: (isGood: boolean) => void,
  kind: 'Readiness' | 'Liveness',
): Promise<void> {
  const { id } = record;
  const { initialDelaySeconds = 0, periodSeconds = 10 } = probe;
  const { failureThreshold = 3, successThreshold = 1 } = probe;
  const { signal, events, pod } = around;
  const sleep = (seconds: number) => delay(seconds * 1000, undefined, { signal }).catch(() => {});
  let good = 0;
  let bad = 0;
  await sleep(initialDelaySeconds);
  while (!signal.aborted && record.id === id && record.isRunning) {
    const failure = await attempt(record, probe, around).catch((error: Error) => error.message);
    if (record.id !== id || !record.isRunning || signal.aborted) return;
    good = failure === undefined ? good + 1 : 0;
    bad = failure === undefined ? 0 : bad + 1;
    if (failure !== undefined) {
      const message = `${kind} probe failed: ${failure}`;
      events.record(pod, 'Warning', 'Unhealthy', message, record.fieldPath);
    }
    if (good >= successThreshold) settle(true);
    else if (bad >= failureThreshold) settle(false);
    if (bad >= failureThreshold && kind === 'Liveness') return;
    await sleep(periodSeconds);
  }
}

/** Why the probe failed, in the kubelet's words. Undefined if it succeeded. */
async function attempt(
  { id = '', spec }: ContainerRecord,
  { exec, httpGet, tcpSocket, timeoutSeconds = 1 }: Probe,
  { node, podIp }: ProbeSurroundings,
): Promise<string | undefined> {
  if (exec) {
    const { exitCode, stdout, stderr } = await node.cri.execSync(id, exec.command);
    return exitCode === 0 ? undefined : `${stdout}${stderr}`;
  }
  const { host = podIp, port = 0 } = httpGet ?? tcpSocket ?? {};
  const address = `${host || podIp}:${portNumber(port, spec)}`;
  const scheme = (httpGet?.scheme ?? 'http').toLowerCase();
  const url = httpGet ? `${scheme}://${address}${httpGet.path ?? '/'}` : `telnet://${address}`;
  const format = [
    '-w',
    '%{http_code} %{num_connects}',
    '-o',
    '/dev/null',
    '-m',
    `${timeoutSeconds}`,
  ];
  const answer = await node.runInNetwork(['curl', '-sk', ...format, url]);
  const [code = 0, connects = 0] = answer.trim().split(' ').map(Number);
  const refusal = `dial tcp ${address}: connect: connection refused`;
  if (!httpGet) return connects > 0 ? undefined : refusal;
  if (code === 0) return `Get "${url}": ${refusal}`;
  return code < 400 ? undefined : `HTTP probe failed with statuscode: ${code}`;
}

function portNumber(port: number | string, { ports = [] }: Container): number {
  if (typeof port === 'number') return port;
  return ports.find(({ name }) => name === port)?.containerPort ?? Number(port);
}

async function restart(record: ContainerRecord, around: ProbeSurroundings): Promise<void> {
  const { pod, events, node } = around;
  const message = `Container ${record.spec.name} failed liveness probe, will be restarted`;
  events.record(pod, 'Normal', 'Killing', message, record.fieldPath);
  const grace = pod.spec.terminationGracePeriodSeconds ?? defaultGrace;
  // The container may end by itself in the meantime.
  if (record.id !== undefined) await node.cri.stopContainer(record.id, grace).catch(() => {});
}
