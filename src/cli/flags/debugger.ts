import type { Via } from '../../debugger/container.ts';
import type { PullPolicy } from '../../kube/pod.ts';
import type { FlagGroup, FlagValues } from './flag.ts';
import { anyText, DURATION, NAMESPACE, oneOf } from './valueTypes.ts';

/**
 * An ended debugger stays in the pod's spec, and the next command adds another. One debugger therefore lasts for a
 * working day.
 */
export const DEFAULT_TTL = '8h';

const PULL_POLICIES: readonly PullPolicy[] = ['Always', 'IfNotPresent', 'Never'];
const VIAS: readonly Via[] = ['auto', 'ephemeral', 'node'];

/** The options for the debugger that is created if the pod has none yet. */
export const DEBUGGER_GROUP = {
  title: 'Debugger options',
  flags: {
    image: {
      value: anyText('IMAGE'),
      help: 'Image of the debugger (default netshoot; also NETDEBUG_IMAGE)',
    },
    'image-pull-policy': {
      value: oneOf('POLICY', PULL_POLICIES),
      help: 'When to pull the image (default IfNotPresent)',
    },
    ttl: {
      value: DURATION,
      help: `How long an idle debugger is kept (default ${DEFAULT_TTL})`,
    },
    via: {
      value: oneOf('KIND', VIAS),
      help: 'Kind of debugger: a container in the pod (ephemeral) or a pod on its node (default auto)',
    },
    'node-namespace': {
      value: NAMESPACE,
      help: "Namespace for pods on nodes (default the target's)",
    },
  },
} as const satisfies FlagGroup;

export type DebuggerValues = FlagValues<typeof DEBUGGER_GROUP.flags>;
