import { describe, expect, it } from 'vitest';
import { socketChanges } from '../../../src/sockets/changes.ts';
import { listener, socket, VARIED } from './sampleSockets.ts';

describe('socketChanges', () => {
  it('finds nothing if nothing changed, whatever the order', () => {
    expect(socketChanges(VARIED, VARIED.toReversed())).toEqual([]);
  });

  it('ignores changes of queues and timers', () => {
    const timer = { name: 'on', expiresInSeconds: 0.2, retransmits: 1 };
    expect(socketChanges([socket({})], [socket({ sendQueue: 9, timer })])).toEqual([]);
  });

  it('finds added and removed sockets', () => {
    const removed = socket({});
    const come = listener('0.0.0.0:80');
    expect(socketChanges([removed], [come])).toEqual([
      { kind: 'added', socket: come },
      { kind: 'removed', socket: removed },
    ]);
  });

  it('follows a connection into TIME_WAIT, in which it has no inode', () => {
    const waiting = socket({ state: 'TIME_WAIT' });
    expect(socketChanges([socket({ inode: 5 })], [waiting])).toEqual([
      { kind: 'changed', socket: waiting, previousState: 'ESTABLISHED' },
    ]);
  });

  it('distinguishes a new connection between the same ends from the old one', () => {
    const before = socket({ inode: 5 });
    const after = socket({ inode: 6 });
    expect(socketChanges([before], [after])).toEqual([
      { kind: 'removed', socket: before },
      { kind: 'added', socket: after },
    ]);
  });

  it('distinguishes listeners that share a port by inode, or counts them', () => {
    const [first, second] = [5, 6].map((inode) => listener('0.0.0.0:80', { inode }));
    const anonymous = listener('0.0.0.0:80');
    expect(first && second && socketChanges([first, second], [second])).toEqual([
      { kind: 'removed', socket: first },
    ]);
    expect(socketChanges([anonymous, anonymous, anonymous], [anonymous])).toHaveLength(2);
    expect(socketChanges([anonymous], [anonymous, anonymous, anonymous])).toHaveLength(2);
  });

  it('separates pods', () => {
    expect(socketChanges([socket({ pod: 'a' })], [socket({ pod: 'b' })])).toHaveLength(2);
  });
});
