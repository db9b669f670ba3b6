import { describe, expect, it } from 'vitest';
import { SocketStore } from '../../../src/sockets/socketStore.ts';
import { at, listener, socket, VARIED } from './sampleSockets.ts';

function stored(sockets: readonly ReturnType<typeof socket>[]): SocketStore {
  const store = new SocketStore();
  for (const item of sockets) {
    store.add(item);
  }
  return store;
}

describe('SocketStore', () => {
  it('returns every field of the added sockets', () => {
    const store = stored(VARIED);
    expect(store.length).toBe(VARIED.length);
    expect([...store]).toEqual(VARIED);
    expect(VARIED.map((_, index) => store.at(index))).toEqual(VARIED);
    expect(store.at(VARIED.length)).toBeUndefined();
  });

  it('distinguishes addresses that differ only in their interface', () => {
    const onEth0 = socket({ local: { address: 'fe80::1', port: 1, interface: 'eth0' } });
    const onEth1 = socket({ local: { address: 'fe80::1', port: 1, interface: 'eth1' } });
    expect([...stored([onEth0, onEth1])]).toEqual([onEth0, onEth1]);
  });

  it('stores more than a page', () => {
    const store = stored(
      Array.from({ length: 3000 }, (_, port) => socket({ local: at(`10.0.0.1:${port}`) })),
    );
    expect(store.at(2999)?.local).toEqual(at('10.0.0.1:2999'));
    expect([...store]).toHaveLength(3000);
  });

  it('lists listeners first, then by protocol, local port and peer, whatever the state', () => {
    const expected = [
      listener('0.0.0.0:80'),
      listener('0.0.0.0:443'),
      listener('[::]:80'),
      socket({ protocol: 'udp', state: 'UNCONN', local: at('0.0.0.0:53') }),
      socket({ peer: at('10.0.0.1:9') }),
      socket({ peer: at('10.0.0.2:5'), state: 'TIME_WAIT' }),
      socket({ peer: at('10.0.0.2:10') }),
      socket({ local: at('10.244.1.5:9000'), peer: at('10.0.0.1:1') }),
      socket({ protocol: 'udp', local: at('0.0.0.0:1') }),
    ];
    expect([...stored(expected.toReversed()).inListingOrder()]).toEqual(expected);
  });

  it('lists one pod after another', () => {
    const expected = [
      listener('0.0.0.0:9', { pod: 'web-1' }),
      socket({ pod: 'web-1' }),
      listener('0.0.0.0:1', { pod: 'web-2' }),
    ];
    const ordered = stored(expected.toReversed()).inListingOrder();
    expect([...ordered]).toEqual(expected);
    expect(ordered.at(1)).toEqual(expected[1]);
    expect(ordered.at(3)).toBeUndefined();
  });
});
