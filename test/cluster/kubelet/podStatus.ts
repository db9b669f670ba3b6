import { now } from '../store.ts';
import type { ContainerRecord } from './containerRecord.ts';
import type { ContainerStatus, Pod, PodCondition, PodStatus } from './pod.ts';
import { userOf } from './securityContext.ts';

/** Why the containers of a finished pod are not ready. */
const finishedReasons: Readonly<Record<string, { readonly reason: string }>> = {
  Succeeded: { reason: 'PodCompleted' },
  Failed: { reason: 'PodFailed' },
};

/** The values from which a pod's status is built. */
export interface PodFacts {
  readonly records: readonly ContainerRecord[];
  /** Generation of the spec that the kubelet acted on. */
  readonly observedGeneration: number | undefined;
  readonly hostIps: readonly string[];
  /** Empty until the pod has an address. */
  readonly podIps: readonly string[];
  readonly hasSandbox: boolean;
  readonly startTime: string;
  /** Why the kubelet ended the pod by itself. */
  readonly failure?: { readonly reason: string; readonly message: string };
}

/** The status that a kubelet writes, with the same fields in the same order. */
export function podStatus(pod: Pod, facts: PodFacts): PodStatus {
  const phase = facts.failure ? 'Failed' : phaseOf(pod, facts.records);
  const { observedGeneration: generation } = facts;
  const of = (kind: ContainerRecord['kind']) =>
    facts.records.filter((record) => record.kind === kind);
  const init = of('init').map((record) => containerStatus(record, pod));
  const ephemeral = of('ephemeral').map((record) => containerStatus(record, pod));
  const started = phase !== 'Pending' && facts.podIps.length > 0;
  return {
    ...(generation !== undefined && { observedGeneration: generation }),
    phase,
    conditions: conditionsOf(facts, phase, pod.status.conditions ?? [], generation),
    ...facts.failure,
    hostIP: facts.hostIps[0] ?? '',
    hostIPs: facts.hostIps.map((ip) => ({ ip })),
    ...(started && { podIP: facts.podIps[0], podIPs: facts.podIps.map((ip) => ({ ip })) }),
    startTime: facts.startTime,
    ...(init.length > 0 && { initContainerStatuses: init }),
    containerStatuses: sorted(of('regular').map((record) => containerStatus(record, pod))),
    qosClass: pod.status.qosClass ?? 'BestEffort',
    ...(ephemeral.length > 0 && { ephemeralContainerStatuses: sorted(ephemeral) }),
  };
}

/** The same as the kubelet's getPhase. */
export function phaseOf({ spec }: Pod, records: readonly ContainerRecord[]): string {
  const policy = spec.restartPolicy ?? 'Always';
  for (const record of records.filter(({ kind }) => kind === 'init')) {
    const code = record.ended?.exitCode;
    if (code === undefined) return 'Pending';
    if (code !== 0) return policy === 'Never' ? 'Failed' : 'Pending';
  }
  const regular = records.filter(({ kind }) => kind === 'regular');
  if (regular.some((record) => !record.isRunning && !record.ended && !record.lastState.terminated))
    return 'Pending';
  if (policy === 'Always' || regular.some((record) => record.isRunning)) return 'Running';
  if (regular.every((record) => record.ended?.exitCode === 0)) return 'Succeeded';
  return policy === 'Never' ? 'Failed' : 'Running';
}

function containerStatus(record: ContainerRecord, pod: Pod): ContainerStatus {
  const { spec, kind } = record;
  const created = record.imageId !== '';
  const { requests } = spec.resources ?? {};
  const mounts = spec.volumeMounts ?? [];
  const done = kind === 'init' && record.ended?.exitCode === 0;
  return {
    name: spec.name,
    state: record.state,
    lastState: record.lastState,
    ready: done || (kind === 'regular' && record.isReady),
    restartCount: record.restartCount,
    image: record.image,
    imageID: record.imageId,
    ...(record.id !== undefined && { containerID: `containerd://${record.id}` }),
    ...(kind !== 'ephemeral' && { started: record.isRunning }),
    ...(created && requests && { allocatedResources: requests }),
    ...(created && { resources: spec.resources ?? {} }),
    ...(mounts.length > 0 && { volumeMounts: mounts.map(mountStatus) }),
    ...(created && { user: { linux: userOf(spec, pod) } }),
  };
}

function mountStatus(mount: { name: string; mountPath: string; readOnly?: boolean }): object {
  const { name, mountPath, readOnly } = mount;
  return { name, mountPath, ...(readOnly && { readOnly, recursiveReadOnly: 'Disabled' }) };
}

function conditionsOf(
  facts: PodFacts,
  phase: string,
  before: readonly PodCondition[],
  generation: number | undefined,
): PodCondition[] {
  const incomplete = facts.records.filter(
    (record) => record.kind === 'init' && record.ended?.exitCode !== 0,
  );
  const unready = facts.records.filter((record) => record.kind === 'regular' && !record.isReady);
  const finished = finishedReasons[phase];
  const ready = finished ?? unreadiness('ContainersNotReady', 'unready', unready);
  const conditions = [
    { type: 'PodReadyToStartContainers', isTrue: facts.hasSandbox },
    {
      type: 'Initialized',
      isTrue: incomplete.length === 0,
      ...(phase === 'Succeeded'
        ? finished
        : unreadiness('ContainersNotInitialized', 'incomplete', incomplete)),
    },
    { type: 'Ready', isTrue: unready.length === 0, ...ready },
    { type: 'ContainersReady', isTrue: unready.length === 0, ...ready },
    { type: 'PodScheduled', isTrue: true },
  ];
  return conditions.map(({ type, isTrue, ...why }) => {
    const status = isTrue ? 'True' : 'False';
    const previous = before.find((condition) => condition.type === type);
    return {
      type,
      ...(generation !== undefined && { observedGeneration: generation }),
      status,
      lastProbeTime: null,
      lastTransitionTime: previous?.status === status ? previous.lastTransitionTime : now(),
      ...why,
    };
  });
}

function unreadiness(
  reason: string,
  adjective: string,
  records: readonly ContainerRecord[],
): { reason?: string; message?: string } {
  if (records.length === 0) return {};
  const names = records.map(({ spec }) => spec.name).join(' ');
  return { reason, message: `containers with ${adjective} status: [${names}]` };
}

function sorted(statuses: ContainerStatus[]): ContainerStatus[] {
  return statuses.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
