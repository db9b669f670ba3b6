import { describe, expect, it } from 'vitest';
import { debuggerContainer } from '../../../src/debugger/container.ts';
import { ownedIn } from '../../../src/inventory/findOwned.ts';
import { decideRemoval } from '../../../src/inventory/remove.ts';
import type { Pod } from '../../../src/kube/pod.ts';

const request = { image: 'x', pullPolicy: 'IfNotPresent', ttl: 60 } as const;

function pod(state: object, labels = {}): Pod {
  const name = 'netdebug-network';
  const ours = debuggerContainer(name, { ...request, profile: 'network' });
  return {
    metadata: { name: 'web', namespace: 'shop', uid: 'u', resourceVersion: '1', labels },
    spec: {
      containers: [{ name: 'main' }],
      // The same name without netdebug's mark, and the mark under another name, belong to others.
      ephemeralContainers: [
        ours,
        { name: 'netdebug-network-2', image: 'x' },
        { ...ours, name: 'theirs' },
      ],
    },
    status: { phase: 'Running', ephemeralContainerStatuses: [{ name, state }] },
  };
}
const idle = (state: object) => {
  const [owned] = ownedIn(pod(state));
  if (!owned) throw new Error('nothing found');
  return owned;
};

describe('what belongs to netdebug', () => {
  it('is a container with its name and mark, and no other', () => {
    const owned = ownedIn(pod({ running: { startedAt: '2026-01-01T00:00:00Z' } }));
    expect(owned.map(({ container, kind, state }) => [container, kind, state])).toEqual([
      ['netdebug-network', 'debugger', 'running'],
    ]);
  });

  it('is a whole pod with its label', () => {
    const labels = { 'app.kubernetes.io/managed-by': 'kubectl-netdebug' };
    expect(ownedIn(pod({}, labels)).map(({ kind }) => kind)).toEqual(['node-debugger']);
  });
});

describe('cleanup', () => {
  it('ends idle debuggers, keeps those in use or unknown, and cannot remove ended ones', () => {
    const running = idle({ running: {} });
    expect(decideRemoval({ owned: running, runs: [] }, false).kind).toBe('remove');
    expect(decideRemoval({ owned: running, runs: ['tcpdump'] }, false).kind).toBe('keep');
    expect(decideRemoval({ owned: running, runs: ['tcpdump'] }, true).kind).toBe('remove');
    expect(decideRemoval({ owned: running, unanswered: 'no' }, false).kind).toBe('keep');
    const ended = idle({ terminated: { exitCode: 0 } });
    expect(decideRemoval({ owned: ended }, true).kind).toBe('rest');
  });
});
