import { describe, expect, it } from 'vitest';
import { StartSlots } from '../../../src/debugger/startSlots.ts';

/** Starts things on nodes; says which have begun, and ends them. */
function starts(slots: StartSlots) {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const start = async (name: string, node: string, signal?: AbortSignal) => {
    const end = await slots.take(node, signal);
    begun.push(name);
    ends.set(name, end);
  };
  const end = async (name: string) => {
    ends.get(name)?.();
    await settled();
  };
  return { begun, start, end };
}

const settled = () => new Promise((done) => setImmediate(done));

describe('the slots for starts', () => {
  it('bound them on each node; a full node keeps no other waiting', async () => {
    const { begun, start, end } = starts(new StartSlots(2, 10));
    for (const name of ['a1', 'a2', 'a3', 'a4']) void start(name, 'a');
    void start('b1', 'b');
    await settled();
    expect(begun).toEqual(['a1', 'a2', 'b1']);
    await end('a2');
    expect(begun).toEqual(['a1', 'a2', 'b1', 'a3']);
    // Once only, however often it is said.
    await end('a2');
    expect(begun).toHaveLength(4);
    await end('a1');
    expect(begun.at(-1)).toBe('a4');
  });

  it('bound them in all', async () => {
    const { begun, start, end } = starts(new StartSlots(2, 3));
    for (const node of ['a', 'b', 'c', 'd', 'e']) void start(node, node);
    await settled();
    expect(begun).toEqual(['a', 'b', 'c']);
    await end('c');
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
  });

  it('let whoever does not want any more go', async () => {
    const { begun, start, end } = starts(new StartSlots(1, 1));
    const wish = new AbortController();
    void start('first', 'a');
    const second = start('second', 'a', wish.signal);
    void start('third', 'a');
    wish.abort(new Error('Ctrl-C'));
    await expect(second).rejects.toThrow('Ctrl-C');
    await expect(start('late', 'a', wish.signal)).rejects.toThrow('Ctrl-C');
    await end('first');
    expect(begun).toEqual(['first', 'third']);
  });
});
