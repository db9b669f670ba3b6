import { planSpool } from '../capture/spool/spoolPlan.ts';
import { type Runtime, runtimeText, sandboxNote } from '../debugger/hiddenNetwork.ts';
import { isStatic, refuseUnsuitable } from '../debugger/suitability.ts';
import type { Pod } from '../kube/pod.ts';
import { bytesText } from '../output/quantities.ts';
import { type Check, failedCheck } from './check.ts';

/** Whether a pod's network can be entered at all, and what to expect there. */
export function podChecks(pod: Pod, runtime: Runtime | undefined): Check[] {
  return [stateCheck(pod), networkCheck(pod), ...runtimeCheck(pod, runtime), spoolCheck(pod)];
}

function stateCheck(pod: Pod): Check {
  try {
    refuseUnsuitable(pod);
  } catch (error) {
    return failedCheck('pod', error);
  }
  const { metadata, spec, status } = pod;
  const kind = isStatic(pod) ? ', a static pod' : '';
  const text = `${metadata.name}: ${status?.phase} on ${spec.nodeName}${kind}`;
  return { check: 'pod', level: 'ok', text };
}

function networkCheck({ spec, status }: Pod): Check {
  if (spec.hostNetwork)
    return {
      check: 'network',
      level: 'warning',
      text: 'that of its node: packets and sockets of the whole node are shown',
      next: [
        'use a filter expression to leave out other traffic, for example: capture POD -- port 8080',
      ],
    };
  return {
    check: 'network',
    level: 'ok',
    text: `the pod has its own: ${status?.podIP ?? 'no address yet'}`,
  };
}

function runtimeCheck(pod: Pod, runtime: Runtime | undefined): Check[] {
  if (!runtime) return [];
  const check = 'runtime';
  const text = runtimeText(runtime);
  if (runtime.handler === 'missing')
    return [
      {
        check,
        level: 'fail',
        kind: 'not-found',
        text: `${text}: this RuntimeClass no longer exists, so the pod's sandbox cannot be created again`,
        next: [`kubectl get runtimeclass ${runtime.className}`],
      },
    ];
  const note = sandboxNote(pod, runtime);
  if (note !== undefined) return [{ check, level: 'warning', text: note }];
  if (!runtime.isUnusual) return [{ check, level: 'ok', text }];
  const unknown = `${text}: if it keeps the pod's network in a sandbox, captures in the pod may be refused`;
  return [{ check, level: 'warning', text: unknown }];
}

function spoolCheck(pod: Pod): Check {
  const plan = planSpool(pod);
  if (plan.kind === 'direct')
    return { check: 'spool', level: 'warning', text: `none, packets are streamed: ${plan.reason}` };
  const size = bytesText(plan.fileKilobytes * plan.files * 1000);
  return { check: 'spool', level: 'ok', text: `${plan.files} files, ${size} at most` };
}
