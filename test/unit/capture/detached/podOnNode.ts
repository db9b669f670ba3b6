import { recorderOf } from '../../../../src/capture/detached/detachedContainer.ts';
import { seconds } from '../../../../src/capture/units.ts';
import { type NodeTarget, nodePod } from '../../../../src/debugger/node/nodePod.ts';
import type { Pod } from '../../../../src/kube/pod.ts';

/** The pod of a capture on a node, with this capture name and target. */
export function podOnNode(
  name: string,
  capture: string,
  target: Pick<NodeTarget, 'node' | 'pod'>,
  namespace = 'shop',
): Pod {
  const definition = {
    name: capture,
    image: 'nicolaka/netshoot:v0.14',
    created: new Date(0),
    spool: `/netdebug-${capture}`,
    record: {
      spec: { expression: 'port 80' },
      ring: { files: 2, fileKilobytes: 1000 },
      keep: seconds(0),
      changesUser: false,
    },
  };
  const { metadata, spec } = nodePod(
    target,
    { profile: 'network', image: definition.image, pullPolicy: 'IfNotPresent', ttl: 60 },
    {
      name,
      namespace,
      recorder: { ...recorderOf(definition), deadline: 100 },
    },
  );
  const state = { running: { startedAt: '2026-11-24T00:00:00Z' } };
  const containerStatuses = [{ name: `netdebug-capture-${capture}`, state }];
  return {
    metadata: { ...metadata, uid: `uid-${name}`, resourceVersion: '1' },
    spec: spec as unknown as Pod['spec'],
    status: { phase: 'Running', containerStatuses },
  };
}
