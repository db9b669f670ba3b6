import { planSpool } from '../capture/spool/spoolPlan.ts';
import { sandboxNote } from '../debugger/hiddenNetwork.ts';
import { isStatic, refuseUnsuitable } from '../debugger/suitability.ts';
import type { Pod } from '../kube/pod.ts';
import { bytesText } from '../output/quantities.ts';
import { type Check, failed } from './check.ts';

/** Whether a pod's network can be entered at all, and what is to be expected there. */
export function podChecks(pod: Pod): Check[] {
  return [stateCheck(pod), networkCheck(pod), ...runtimeCheck(pod), spoolCheck(pod)];
}

function stateCheck(pod: Pod): Check {
  try {
    refuseUnsuitable(pod);
  } catch (error) {
    return failed('pod', error);
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
      text: "its node's: packets and sockets of the whole node are shown",
      next: ['a filter expression keeps the others out, as in: capture POD -- port 8080'],
    };
  return { check: 'network', level: 'ok', text: `its own, ${status?.podIP ?? 'no address yet'}` };
}

function runtimeCheck(pod: Pod): Check[] {
  const { runtimeClassName } = pod.spec;
  if (runtimeClassName === undefined) return [];
  const note = sandboxNote(pod);
  return [{ check: 'runtime', level: note ? 'warning' : 'ok', text: note ?? runtimeClassName }];
}

function spoolCheck(pod: Pod): Check {
  const plan = planSpool(pod);
  if (plan.kind === 'direct')
    return { check: 'spool', level: 'warning', text: `none, packets are streamed: ${plan.reason}` };
  const size = bytesText(plan.fileKilobytes * plan.files * 1000);
  return { check: 'spool', level: 'ok', text: `${plan.files} files, ${size} at most` };
}
