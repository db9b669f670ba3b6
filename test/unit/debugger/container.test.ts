import { describe, expect, it } from 'vitest';
import {
  type DebuggerRequest,
  debuggerContainer,
  freeName,
  matchingDebuggers,
} from '../../../src/debugger/container.ts';
import { DEFAULT_IMAGE, tcpdumpChangesUser } from '../../../src/debugger/image.ts';
import mainScript from '../../../src/debugger/main.sh';
import { podWith, podWithDebuggers, RUNNING } from './pods.ts';

const REQUEST: DebuggerRequest = {
  profile: 'network',
  image: 'nicolaka/netshoot:v0.14',
  pullPolicy: 'IfNotPresent',
  ttl: 3600,
};

describe('the container', () => {
  it('to capture, exactly', () => {
    expect(debuggerContainer('netdebug-network', REQUEST)).toEqual({
      name: 'netdebug-network',
      image: 'nicolaka/netshoot:v0.14',
      imagePullPolicy: 'IfNotPresent',
      command: ['sh', '-c', mainScript, 'netdebug', '3600'],
      env: [
        { name: 'NETDEBUG', value: '1' },
        { name: 'NETDEBUG_IMAGE', value: REQUEST.image },
      ],
      securityContext: {
        runAsUser: 0,
        runAsNonRoot: false,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'], add: ['NET_RAW'] },
        seccompProfile: { type: 'RuntimeDefault' },
      },
    });
  });

  it('to name processes, exactly', () => {
    const request: DebuggerRequest = {
      ...REQUEST,
      profile: 'processes',
      target: 'main',
      pullPolicy: 'Never',
    };
    expect(debuggerContainer('netdebug-processes', request)).toEqual({
      name: 'netdebug-processes',
      image: 'nicolaka/netshoot:v0.14',
      imagePullPolicy: 'Never',
      command: ['sh', '-c', mainScript, 'netdebug', '3600'],
      env: [
        { name: 'NETDEBUG', value: '1' },
        { name: 'NETDEBUG_IMAGE', value: REQUEST.image },
      ],
      targetContainerName: 'main',
      securityContext: {
        runAsUser: 0,
        runAsNonRoot: false,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'], add: ['DAC_OVERRIDE', 'SYS_PTRACE'] },
        seccompProfile: { type: 'RuntimeDefault' },
      },
    });
  });

  it('contains nothing in its command that a kubelet would replace', () => {
    // third_party/forked/golang/expansion: `$$` becomes `$`, `$(NAME)` the variable.
    expect(mainScript).not.toMatch(/\$\$|\$\([A-Za-z_]/);
    expect(mainScript.length).toBeLessThan(4096);
  });
});

describe('its capabilities', () => {
  it.each([
    [DEFAULT_IMAGE, false],
    ['nicolaka/netshoot', false],
    ['netshoot', false],
    ['ghcr.io/nicolaka/netshoot:v0.14', false],
    ['registry:5000/netshoot', false],
    ['registry:5000/tools/netshoot:v1@sha256:aa', false],
    ['registry.example:5000/netshoot@sha256:aa', false],
    ['debian:netshoot', true],
    ['netshoot/debian', true],
    ['my-netshoot:1', true],
    ['netshoot-slim', true],
    ['registry:5000/debian', true],
    ['netshoot:5000/debian:12', true],
    ['debian@sha256:netshoot', true],
    ['', true],
  ])('let tcpdump of %s change its user: %s', (image, changes) => {
    expect(tcpdumpChangesUser(image)).toBe(changes);
    const { securityContext } = debuggerContainer('x', { ...REQUEST, image });
    expect(securityContext?.capabilities).toEqual({
      drop: ['ALL'],
      add: changes ? ['NET_RAW', 'SETGID', 'SETUID'] : ['NET_RAW'],
    });
  });

  it('allow naming processes with any image, and never capturing', () => {
    const request = { ...REQUEST, profile: 'processes', image: 'debian' } as const;
    expect(debuggerContainer('x', request).securityContext?.capabilities?.add).toEqual([
      'DAC_OVERRIDE',
      'SYS_PTRACE',
    ]);
  });
});

describe('its name', () => {
  it.each<[string[], string[], string[], string]>([
    [[], [], [], 'netdebug-network'],
    [[], [], ['netdebug-processes'], 'netdebug-network'],
    [[], [], ['netdebug-network'], 'netdebug-network-2'],
    [['netdebug-network'], ['netdebug-network-2'], ['netdebug-network-3'], 'netdebug-network-4'],
    [[], [], ['netdebug-network', 'netdebug-network-3'], 'netdebug-network-2'],
  ])('next to %j %j %j: %s', (containers, initContainers, ephemeralContainers, name) => {
    const named = (names: string[]) => names.map((name) => ({ name, image: 'x' }));
    const spec = {
      containers: named(containers),
      initContainers: named(initContainers),
      ephemeralContainers: named(ephemeralContainers),
    };
    expect(freeName(podWith({ spec }), 'network')).toBe(name);
  });
});

describe('an existing debugger', () => {
  const own = debuggerContainer('netdebug-network', REQUEST);
  const matches = (container: object, request = REQUEST) =>
    matchingDebuggers(podWithDebuggers([{ ...own, ...container }, RUNNING]), request).length === 1;

  it.each<[string, object, boolean]>([
    ['matches without changes', {}, true],
    ['matches with a second name', { name: 'netdebug-network-2' }, true],
    [
      'matches with variables that a webhook added',
      { env: [{ name: 'A' }, ...(own.env ?? [])] },
      true,
    ],
    ['matches with an image rewritten by a webhook', { image: 'mirror.example/netshoot' }, true],
    [
      'of another image does not match',
      debuggerContainer('netdebug-network', { ...REQUEST, image: 'a' }),
      false,
    ],
    ['of the other profile does not match', { name: 'netdebug-processes' }, false],
    ['of a target does not match', { targetContainerName: 'main' }, false],
    ['of another tool with a similar name does not match', { env: [] }, false],
    ['of another tool without variables does not match', { env: undefined }, false],
    ['of another version does not match', { env: [{ name: 'NETDEBUG', value: '2' }] }, false],
    ['with the mark, but another name, does not match', { name: 'debugger-x7k2p' }, false],
  ])('%s', (_, container, expected) => {
    expect(matches(container)).toBe(expected);
  });

  it('of another target does not match', () => {
    const request: DebuggerRequest = { ...REQUEST, profile: 'processes', target: 'main' };
    const container = debuggerContainer('netdebug-processes', request);
    expect(matches(container, request)).toBe(true);
    expect(matches(container, { ...request, target: 'sidecar' })).toBe(false);
  });

  it('does not exist in a pod without one', () => {
    expect(matchingDebuggers(podWith(), REQUEST)).toEqual([]);
  });
});
