import { setImmediate as turn } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { mergeIterators } from '../../../../src/kube/targets/mergeIterators.ts';

async function* source(...values: number[]): AsyncGenerator<number> {
  yield* values;
}

async function* failing(): AsyncGenerator<number> {
  yield 1;
  throw new Error('the source is gone');
}

it('yields the values of all sources, and ends with the last source', async () => {
  const values: number[] = [];
  for await (const value of mergeIterators([source(1, 2), source(), source(3)])) values.push(value);
  expect(values.sort()).toEqual([1, 2, 3]);
});

it('reports a source that failed while its reader was busy when the reader comes back', async () => {
  const unhandled: unknown[] = [];
  const note = (error: unknown) => unhandled.push(error);
  process.on('unhandledRejection', note);
  onTestFinished(() => {
    process.off('unhandledRejection', note);
  });
  const values = mergeIterators([failing()]);
  expect(await values.next()).toEqual({ done: false, value: 1 });
  await turn();
  await turn();
  expect(unhandled).toEqual([]);
  await expect(values.next()).rejects.toThrow('the source is gone');
});
