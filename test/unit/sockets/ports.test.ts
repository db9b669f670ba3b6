import { expect, it } from 'vitest';
import { parseTarget, targetInNamespace } from '../../../src/kube/targets/parseTargets.ts';
import { PortsSession } from '../../../src/sockets/ports.ts';
import { podWith } from '../debugger/pods.ts';
import { fakeServer, json } from '../kube/fakeServer.ts';
import { selecting } from './selections.ts';

it.each([false, true])(
  'reports that a pod has finished, with processes requested: %s',
  async (processes) => {
    const pod = podWith({
      status: {
        phase: 'Succeeded',
        containerStatuses: [{ name: 'main', state: { terminated: { exitCode: 0 } } }],
      },
    });
    const { api } = await fakeServer({ rest: (_, response) => json(response, 200, pod) });
    const session = new PortsSession(api, {
      targets: [targetInNamespace(parseTarget('web'), 'shop')],
      maxPods: 1,
      selection: selecting({ unix: false, processes }),
      settings: { image: 'x', pullPolicy: 'IfNotPresent', ttl: 60 },
      onNote: () => {},
      onProgress: () => {},
    });
    const error = await session.list().catch((reason: Error) => reason);
    expect(error).toMatchObject({
      kind: 'unsuitable',
      message: expect.stringMatching(/"web".*\bSucceeded\b/),
    });
  },
);
