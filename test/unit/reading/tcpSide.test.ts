import { expect, it } from 'vitest';
import { TcpSide } from '../../../src/reading/tcp/tcpSide.ts';

it('clears every field of a side that is reused', () => {
  const used = new TcpSide();
  for (const field of Object.keys(used)) Object.assign(used, { [field]: 77 });
  used.clear();
  expect(used).toEqual(new TcpSide());
});
