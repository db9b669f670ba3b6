import { expect, it } from 'vitest';
import { findingOf } from '../../../src/topology/findings/catalogue.ts';
import { renderFindings } from '../../../src/topology/findings/renderFindings.ts';

const fault = (device: string) => ({
  kind: 'link-down',
  where: { node: 'node-a', pod: 'shop/web' },
  evidence: 'state DOWN',
  values: { device },
});

it('has its commands on lines of their own, and says where to run them', () => {
  expect([...renderFindings([findingOf(fault('eth0'))])].slice(-2)).toEqual([
    '  fix: run on node-a, in the network of pod shop/web:\n',
    '      ip link set eth0 up\n',
  ]);
});

it('gets no further commands from names with line breaks', () => {
  expect(findingOf(fault('eth0\n  reboot')).fix.split('\n')).toHaveLength(2);
});
