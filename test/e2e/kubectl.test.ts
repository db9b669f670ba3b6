import { basename } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { kubectls } from './support/kubectls.ts';
import { runPod } from './support/pods.ts';
import { run } from './support/process.ts';
import { namespaced, world } from './support/world.ts';

/** What the program stands beside: every kubectl there is does its usual work on this cluster. */
describe.each(kubectls().map((path) => ({ path, name: basename(path) })))(
  '$name',
  ({ path, name }) => {
    let pod: string;
    let KUBECONFIG: string;
    beforeAll(async () => {
      pod = (await runPod('kubectl')).name;
      KUBECONFIG = namespaced(world.kubeconfig);
    });
    const kubectl = (args: readonly string[], stdin = '') =>
      run(path, args, { env: { KUBECONFIG }, stdin });

    it('gets, executes, logs and debugs', async () => {
      expect((await kubectl(['get', 'pods', '-o', 'wide'])).stdout).toMatch(
        new RegExp(`^${pod} +1/1 +Running .* ${world.nodes[0]} `, 'm'),
      );
      const executed = await kubectl(
        ['exec', '-i', pod, '--', 'sh', '-c', 'cat; exit 4'],
        'to the end',
      );
      expect(executed).toMatchObject({ code: 4, stdout: 'to the end' });
      expect((await kubectl(['logs', pod])).code).toBe(0);

      const container = `debugger-${name.replace(/[^a-z0-9]+/g, '-')}`;
      const image = world.flavours[0]?.image ?? '';
      const debugged = await kubectl([
        ...['debug', pod, '--image', image, '--image-pull-policy=IfNotPresent'],
        ...['-c', container, '--', 'sleep', '5'],
      ]);
      expect(debugged.code, debugged.stderr).toBe(0);
      const added = '{.spec.ephemeralContainers[*].name}';
      const { stdout } = await kubectl(['get', 'pod', pod, '-o', `jsonpath=${added}`]);
      expect(stdout).toBe(container);
    });
  },
);
