import { expect, it } from 'vitest';
import { summarizeSockets } from '../../../src/sockets/summary.ts';
import { at, listener, socket, VARIED } from './sampleSockets.ts';

it('counts by state, by peer and by listening port', () => {
  const sockets = [
    listener('0.0.0.0:80'),
    listener('[::]:80'),
    listener('0.0.0.0:9090'),
    socket({ peer: at('10.0.0.1:1') }),
    socket({ peer: at('10.0.0.1:2'), state: 'TIME_WAIT' }),
    socket({
      protocol: 'tcp6',
      local: at('[::ffff:10.244.1.5]:80'),
      peer: at('[::ffff:10.0.0.1]:3'),
    }),
    socket({ local: at('10.244.1.5:50000'), peer: at('10.0.0.2:5432') }),
  ];
  expect(summarizeSockets(sockets)).toEqual({
    total: 7,
    states: [
      { protocol: 'tcp', state: 'LISTEN', count: 2 },
      { protocol: 'tcp', state: 'ESTABLISHED', count: 2 },
      { protocol: 'tcp6', state: 'LISTEN', count: 1 },
      { protocol: 'tcp', state: 'TIME_WAIT', count: 1 },
      { protocol: 'tcp6', state: 'ESTABLISHED', count: 1 },
    ],
    peers: [
      { address: '10.0.0.1', count: 3, states: { ESTABLISHED: 2, TIME_WAIT: 1 } },
      { address: '10.0.0.2', count: 1, states: { ESTABLISHED: 1 } },
    ],
    localPorts: [
      { port: 80, count: 3, states: { ESTABLISHED: 2, TIME_WAIT: 1 } },
      { port: 9090, count: 0, states: {} },
    ],
  });
});

it('counts unix sockets by state only', () => {
  const unix = VARIED.filter(({ protocol }) => protocol === 'unix');
  expect(summarizeSockets(unix)).toMatchObject({ total: 2, peers: [], localPorts: [] });
});
