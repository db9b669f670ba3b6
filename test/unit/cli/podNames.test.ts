import { describe, expect, it } from 'vitest';
import { podNames } from '../../../src/cli/podNames.ts';
import { podWith } from '../debugger/pods.ts';

const pod = (namespace: string, name: string) => podWith({ metadata: { namespace, name } });

describe('pods', () => {
  it('of one namespace are called by their names, and one of another that joins by both', () => {
    const nameOf = podNames([pod('shop', 'web'), pod('shop', 'db')]);
    expect(nameOf(pod('shop', 'web'))).toBe('web');
    expect(nameOf(pod('other', 'web'))).toBe('other/web');
  });

  it('of several are called by both', () => {
    expect(podNames([pod('shop', 'web'), pod('other', 'web')])(pod('shop', 'x'))).toBe('shop/x');
  });
});
