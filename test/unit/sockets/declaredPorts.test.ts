import { expect, it } from 'vitest';
import type { Pod } from '../../../src/kube/pod.ts';
import { declaredPorts } from '../../../src/sockets/declaredPorts.ts';
import type { Socket } from '../../../src/tools/socket.ts';
import { podWith } from '../debugger/pods.ts';
import { listener } from './sampleSockets.ts';
import { selecting } from './selections.ts';

const SELECTION = selecting({ unix: false });

function podNamed(name: string, ports: object[], spec: Partial<Pod['spec']> = {}): Pod {
  const containers = [{ name: 'main', ports }] as Pod['spec']['containers'];
  return podWith({ metadata: { name }, spec: { containers, ...spec } });
}

function declaredIn(pod: Pod, sockets: Socket[], selection = SELECTION): string[] {
  return declaredPorts([{ pod, sockets }], selection);
}

it('reports declared ports without a listener, and only those', () => {
  const ports = [
    { containerPort: 80 },
    { containerPort: 81, name: 'metrics' },
    { containerPort: 53, protocol: 'UDP' },
    { containerPort: 5000, protocol: 'SCTP' },
  ];
  const sockets = [listener('[::]:80', { protocol: 'tcp6' }), listener('0.0.0.0:53')];
  expect(declaredIn(podNamed('web', ports), sockets)).toEqual([
    'pod "web": port 81/TCP (metrics) of container main is declared, but nothing listens on it',
    'pod "web": port 53/UDP of container main is declared, but nothing listens on it',
  ]);
});

it.each([
  ['only TCP', { udp: false }, 1],
  ['one family', { ipv6: false }, 0],
])('does not report sockets that were not listed: %s', (_, selection, count) => {
  const ports = [{ containerPort: 80 }, { containerPort: 53, protocol: 'UDP' }];
  expect(declaredIn(podNamed('web', ports), [], selecting(selection))).toHaveLength(count);
});

it('reports a listener that other pods cannot reach', () => {
  const sockets = [listener('127.0.0.1:80'), listener('[::1]:80', { protocol: 'tcp6' })];
  expect(declaredIn(podNamed('web', [{ containerPort: 80 }]), sockets).join()).toMatch(
    /\b127\.0\.0\.1, ::1\b/,
  );
  const more = [...sockets, listener('10.0.0.1:80')];
  expect(declaredIn(podNamed('web', [{ containerPort: 80 }]), more)).toEqual([]);
});

it('shows ports of the node that are forwarded to the pod', () => {
  const ports = [{ containerPort: 80, hostPort: 8080, hostIP: '10.0.0.9' }];
  expect(declaredIn(podNamed('web', ports), [listener('0.0.0.0:80')])).toEqual([
    'pod "web": port 8080/TCP of its node on 10.0.0.9 (hostPort) leads to port 80',
  ]);
  // With the host's network, the container's port is the node's own.
  const onNode = podNamed('web', ports, { hostNetwork: true });
  expect(declaredIn(onNode, [listener('0.0.0.0:80')])).toEqual([]);
});

it('includes sidecars, but not init containers that have ended', () => {
  const initContainers = [
    { name: 'mesh', restartPolicy: 'Always', ports: [{ containerPort: 15001 }] },
    { name: 'setup', ports: [{ containerPort: 1 }] },
  ];
  expect(declaredIn(podNamed('web', [], { initContainers }), []).join()).toMatch(/15001.*mesh/);
  expect(declaredIn(podNamed('web', [], { initContainers }), [])).toHaveLength(1);
});

it('reports the same for many pods once, and limits the list', () => {
  const pods = Array.from({ length: 30 }, (_, number) =>
    podNamed(`web-${number}`, [{ containerPort: 80 }]),
  );
  expect(
    declaredPorts(
      pods.map((pod) => ({ pod, sockets: [] })),
      SELECTION,
    ),
  ).toEqual([expect.stringMatching(/^30 pods: .*\b80\/TCP\b.*\bmain\b/)]);
  const ports = Array.from({ length: 300 }, (_, number) => ({ containerPort: number + 1 }));
  expect(declaredIn(podNamed('web', ports), [])).toHaveLength(21);
});
