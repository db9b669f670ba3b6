import { expect, it } from 'vitest';
import { tcpPortsInFilter } from '../../../src/filters/capture/ports.ts';

it.each([
  [undefined, []],
  ['port 15006', [15006]],
  ['tcp dst port 443 or port 80 or 81', [443, 80, 81]],
  ['host 10.0.0.1 and (port 80 or port 80)', [80]],
  ['port 80 and not port 22', [80]],
  ['udp port 53', []],
  ['portrange 1-1024', []],
  ['port http', []],
  ['tcp[0:2] = 80', []],
  ['port 80 and (', []],
])('the ports in "%s" are %j', (expression, ports) => {
  expect(tcpPortsInFilter(expression)).toEqual(ports);
});
