import { describe, expect, it } from 'vitest';
import { StartSlots } from '../../../src/debugger/startSlots.ts';

/** Starts tasks on nodes; lists which have begun, and ends them. */
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

/** A clock on which every start is slow: the limits stay the initial ones. */
function steady(): () => number {
  let now = 0;
  return () => {
    now += 11_000;
    return now;
  };
}

const settled = () => new Promise((done) => setImmediate(done));

describe('the slots for starts', () => {
  it('limit them on each node; a full node does not block others', async () => {
    const { begun, start, end } = starts(new StartSlots(2, 10, steady()));
    for (const name of ['a1', 'a2', 'a3', 'a4']) void start(name, 'a');
    void start('b1', 'b');
    await settled();
    expect(begun).toEqual(['a1', 'a2', 'b1']);
    await end('a2');
    expect(begun).toEqual(['a1', 'a2', 'b1', 'a3']);
    // Only once, even if it ends twice.
    await end('a2');
    expect(begun).toHaveLength(4);
    await end('a1');
    expect(begun.at(-1)).toBe('a4');
  });

  it('are free again when the node has done its part, even if the task continues', async () => {
    const begun: string[] = [];
    const ends: (() => void)[] = [];
    const results = new StartSlots(1, 10, steady()).map(
      ['one', 'two', 'three'],
      () => 'a',
      async (name, isDone) => {
        begun.push(name);
        if (name === 'one') isDone();
        await new Promise<void>((resolve) => ends.push(resolve));
        return name;
      },
    );
    await settled();
    expect(begun).toEqual(['one', 'two']);
    ends[1]?.();
    await settled();
    expect(begun).toEqual(['one', 'two', 'three']);
    for (const end of ends) end();
    expect(await results).toEqual(['one', 'two', 'three']);
  });

  it('limit the total', async () => {
    const { begun, start, end } = starts(new StartSlots(2, 3, steady()));
    for (const node of ['a', 'b', 'c', 'd', 'e']) void start(node, node);
    await settled();
    expect(begun).toEqual(['a', 'b', 'c']);
    await end('c');
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
  });

  it('increase with every fast start, and decrease after a slow one', async () => {
    let now = 0;
    const slots = new StartSlots(2, 100, () => now);
    let running = 0;
    let most = 0;
    const run = async (count: number, milliseconds: number) => {
      most = 0;
      await slots.map(
        Array.from({ length: count }, () => 'node'),
        (node) => node,
        async () => {
          running += 1;
          most = Math.max(most, running);
          await settled();
          now += milliseconds;
          running -= 1;
        },
      );
    };
    await run(40, 10);
    expect(most).toBeGreaterThan(10);
    expect(most).toBeLessThanOrEqual(16);
    await run(16, 20_000);
    await run(16, 5_000);
    expect(most).toBe(2);
  });

  it('increase while starts take hardly longer than the fastest one', async () => {
    let now = 0;
    const slots = new StartSlots(2, 100, () => now);
    const begun: string[] = [];
    const start = async (name: string) => {
      const end = await slots.take('node');
      begun.push(name);
      return end;
    };
    const ends = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map(start);
    await settled();
    expect(begun).toHaveLength(2);
    now = 3_000;
    (await ends[0])?.();
    await settled();
    expect(begun).toHaveLength(4);
    // Twice as long as the fastest start is not too long, but three times is.
    now = 6_000;
    (await ends[1])?.();
    await settled();
    expect(begun).toHaveLength(6);
    now = 12_000;
    (await ends[2])?.();
    await settled();
    expect(begun).toHaveLength(7);
  });

  it('return the results in the order of the items, and the first failure', async () => {
    const slots = new StartSlots();
    const double = async (item: number) => {
      await new Promise((done) => setTimeout(done, 10 - item));
      return item * 2;
    };
    expect(await slots.map([1, 2, 3], String, double)).toEqual([2, 4, 6]);
    const failing = slots.map([1, 2], String, async (item) => {
      if (item === 2) throw new Error('second');
    });
    await expect(failing).rejects.toThrow('second');
  });

  it('release a task that is cancelled', async () => {
    const { begun, start, end } = starts(new StartSlots(1, 1, steady()));
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
