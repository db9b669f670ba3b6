import { expect, it } from 'vitest';
import { joinRepeated, splitRepeated } from '../../../src/cli/repeatedFlags.ts';

it.each<[string, string]>([
  ['ports pod-1 -n x -n y', 'ports pod-1 -n x -n y'],
  ['ports --as-group a pod-1', 'ports pod-1 --as-group=a'],
  [
    'ports --as-group a --as-group=b=c pod-1 --as-user-extra k=v',
    'ports pod-1 --as-group=a\0b=c --as-user-extra=k=v',
  ],
  ['ports --as-group -x --as-group= pod-1', 'ports pod-1 --as-group=-x\0'],
  ['ports pod-1 --as-group', 'ports pod-1 --as-group'],
  ['capture --as-group a pod-1 -- --as-group b', 'capture pod-1 --as-group=a -- --as-group b'],
])('%s', (given, joined) => {
  expect(joinRepeated(given.split(' '))).toEqual(joined.split(' '));
});

it('the values come apart again', () => {
  expect(splitRepeated('a\0b=c\0')).toEqual(['a', 'b=c', '']);
});
