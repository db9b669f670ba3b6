import { describe, expect, it } from 'vitest';
import { parseQuantity } from '../../../src/kube/quantity.ts';

describe('a quantity', () => {
  it.each([
    ['64Mi', 67_108_864],
    ['1.5Gi', 1_610_612_736],
    ['500M', 5e8],
    ['200m', 0.2],
    ['1e3', 1000],
    ['1E', 1e18],
    ['2E3', 2000],
    ['12', 12],
    [7, 7],
    ['0', 0],
  ] as const)('%s is %d', (text, value) => {
    expect(parseQuantity(text)).toBeCloseTo(value, 6);
  });

  it.each(['', 'Mi', '5 Mi', '5mi', 'five'])('%j is invalid', (text) => {
    expect(parseQuantity(text)).toBeUndefined();
  });
});
