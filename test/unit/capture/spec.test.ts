import { describe, expect, it } from 'vitest';
import { recorderSpec } from '../../../src/capture/spec.ts';
import { everyPacket, expression } from '../../../src/filters/capture/captureFilter.ts';

describe("the spec for a recorder in a node's network", () => {
  const own = { ownPorts: [10250, 41141] };

  it('excludes the connections that carry the capture', () => {
    expect(recorderSpec({ filter: everyPacket }, own).expression).toBe(
      'not (tcp port 10250 or tcp port 41141)',
    );
    expect(recorderSpec({ filter: expression('port 80 or arp') }, own).expression).toBe(
      '(port 80 or arp) and not (tcp port 10250 or tcp port 41141)',
    );
  });

  it('is unchanged if no connection carries it', () => {
    const spec = { filter: everyPacket, device: 'any', count: 3 };
    expect(recorderSpec(spec, { ownPorts: [] })).toEqual({ device: 'any', count: 3 });
  });
});
