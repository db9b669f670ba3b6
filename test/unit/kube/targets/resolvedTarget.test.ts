import { describe, expect, it } from 'vitest';
import { targetNames } from '../../../../src/kube/targets/resolvedTarget.ts';
import { podWith } from '../../debugger/pods.ts';

const pod = (namespace: string, name: string) => ({
  pod: podWith({ metadata: { namespace, name } }),
});

const node = { node: 'n1', namespace: 'shop' };

describe('names of targets', () => {
  it('are pod names if all pods are in one namespace; a later pod from another one gets its namespace', () => {
    const nameOf = targetNames([pod('shop', 'web'), pod('shop', 'db'), node]);
    expect(nameOf(pod('shop', 'web'))).toBe('web');
    expect(nameOf(pod('other', 'web'))).toBe('other/web');
    expect(nameOf(node)).toBe('node/n1');
  });

  it('contain the namespace if the pods are in several', () => {
    expect(targetNames([pod('shop', 'web'), pod('other', 'web')])(pod('shop', 'x'))).toBe('shop/x');
  });
});
