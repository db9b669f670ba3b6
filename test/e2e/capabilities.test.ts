import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { debuggerContainer } from '../../src/debugger/container.ts';
import { NODE_CONTAINER, nodePod } from '../../src/debugger/node/nodePod.ts';
import type { Profile } from '../../src/debugger/profile.ts';
import type { Pod } from '../../src/kube/pod.ts';
import { adminCall } from './support/adminApi.ts';
import { CHATTER, podName, runPod } from './support/pods.ts';
import { run } from './support/process.ts';
import { needs } from './support/skips.ts';
import { kubectl, world } from './support/world.ts';

// Each capability of a debugger on a node, and what fails without it.

const [debian, netshoot] = world.flavours.map(({ image }) => image);
const pods = `/api/v1/namespaces/${world.namespace}/pods`;

let target: Pod;
beforeAll(async () => {
  // Runs as a user other than root, so that inspecting its processes requires capabilities.
  const { name } = await runPod('chatting', {
    command: CHATTER,
    env: { TO: '10.255.255.254' },
    spec: { securityContext: { runAsUser: 65532 } },
  });
  target = (await adminCall('GET', `${pods}/${name}`)) as Pod;
});

const request = (image: string, profile: Profile) =>
  ({ profile, image, pullPolicy: 'IfNotPresent', ttl: 60 }) as const;

/** The capabilities of a debugger on the target's node. */
const given = (image = '', profile: Profile = 'network') => {
  const { spec } = podOnNode(image, profile);
  return spec.containers[0].securityContext.capabilities.add;
};

interface OnNode {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly containers: readonly [
      { readonly securityContext: { readonly capabilities: { add: readonly string[] } } },
    ];
  };
}

function podOnNode(image: string, profile: Profile): OnNode {
  const options = { name: podName('netdebug-node'), namespace: world.namespace };
  const node = target.spec.nodeName ?? '';
  return nodePod({ node, pod: target }, request(image, profile), options) as unknown as OnNode;
}

/** Creates a debugger without the given capabilities. Returns a function that runs a script in it. */
async function without(dropped: readonly string[], image = '', profile: Profile = 'network') {
  const pod = podOnNode(image, profile);
  const [{ securityContext }] = pod.spec.containers;
  const { capabilities } = securityContext;
  capabilities.add = capabilities.add.filter((capability) => !dropped.includes(capability));
  await adminCall('POST', pods, pod);
  const { name } = pod.metadata;
  await kubectl(['wait', '--for=condition=Ready', `pod/${name}`, '--timeout=60s']);
  return async (script: string) => {
    const { code, stdout, stderr } = await run(
      world.kubectl,
      [
        ...['-n', world.namespace, 'exec', name, '-c', NODE_CONTAINER, '--'],
        ...['sh', '-c', `${FOUND}\n${script}`],
      ],
      { env: { KUBECONFIG: world.kubeconfig } },
    );
    return { code, text: stdout + stderr };
  };
}

/** Waits until the debugger has found the target: `$word`, and the process that holds the network. */
const FOUND = `
  left=100
  while [ ! -e /netdebug-place ] && [ "$left" -gt 0 ]; do sleep 0.1; left=$((left - 1)); done
  read -r word holder </netdebug-place
  enter() { nsenter "-n/proc/$holder/fd/9" -- "$@"; }`;
const RECORD = `enter timeout 10 tcpdump -n -i eth0 -c 1 -w /tmp/one.pcap udp port 9 && echo recorded`;
const RECORD_AS_ROOT = RECORD.replace('tcpdump', 'tcpdump -Z root');
/** Lists the file descriptors of the target's processes, which are found by the pod's UID. */
const descriptors = () => `
  for process in $(grep -l '${target.metadata.uid}' /proc/[0-9]*/cgroup); do
    case $(cat "\${process%cgroup}cmdline") in *seq-*) ls "\${process%cgroup}fd" && echo listed ;; esac
  done`;

describe.concurrent('a debugger on a node', () => {
  beforeEach((test) => needs(test, 'both flavours of image'));

  it('has only the capabilities that these tests need', () => {
    expect(given(netshoot)).toEqual(['NET_RAW', 'SYS_PTRACE', 'SYS_ADMIN']);
    expect(given(debian)).toEqual(['NET_RAW', 'SETGID', 'SETUID', 'SYS_PTRACE', 'SYS_ADMIN']);
    expect(given(netshoot, 'processes').toSorted()).toEqual(
      ['DAC_OVERRIDE', 'NET_RAW', 'SYS_ADMIN', 'SYS_PTRACE'].toSorted(),
    );
    const [container] = [debuggerContainer('x', request(netshoot ?? '', 'network'))];
    expect(container.securityContext?.capabilities?.add).toEqual(['NET_RAW']);
  });

  it('with all capabilities, everything works', async () => {
    expect(await (await without([], netshoot))(RECORD)).toMatchObject({ code: 0 });
    expect(await (await without([], debian))(RECORD_AS_ROOT)).toMatchObject({ code: 0 });
    const output = await (await without([], netshoot, 'processes'))(descriptors());
    expect(output.text).toContain('listed');
  });

  it('without SYS_PTRACE, finds no network namespaces of other processes', async () => {
    const sh = await without(['SYS_PTRACE'], netshoot);
    expect((await sh('echo "$word"')).text).toMatch(/^denied$/m);
  });

  it('without SYS_ADMIN, enters no network namespace', async () => {
    const sh = await without(['SYS_ADMIN'], netshoot);
    expect((await sh('echo "$word"')).text).toMatch(/^pid$/m);
    expect(await sh('enter true')).toMatchObject({
      code: 1,
      text: expect.stringMatching(/not permitted/),
    });
  });

  it('without NET_RAW, records nothing', async () => {
    const sh = await without(['NET_RAW'], netshoot);
    expect(await sh('enter true')).toMatchObject({ code: 0 });
    const { text } = await sh(RECORD);
    expect(text).toMatch(/permission to (perform this )?capture|not permitted/);
    expect(text).not.toContain('recorded');
  });

  it('without SETGID, a tcpdump that changes its user cannot stay root', async () => {
    const sh = await without(['SETGID'], debian);
    const { text: version } = await sh('tcpdump --version');
    const { text } = await sh(RECORD_AS_ROOT);
    // 4.99.5 (Debian 13) does not need it.
    if (/version 4\.99\.3/.test(version)) expect(text).toContain("Couldn't change to 'root'");
    else expect(text).toContain('recorded');
  });

  it('without SETUID, it can if it is not built with libcap-ng', async () => {
    expect(await (await without(['SETUID'], debian))(RECORD_AS_ROOT)).toMatchObject({ code: 0 });
  });

  it('without DAC_OVERRIDE, cannot name the processes of other users', async () => {
    const { text } = await (await without(['DAC_OVERRIDE'], netshoot, 'processes'))(descriptors());
    expect(text).toMatch(/ermission denied/);
    expect(text).not.toContain('listed');
  });
});
