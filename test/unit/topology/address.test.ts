import { isIP } from 'node:net';
import { describe, expect, it } from 'vitest';
import {
  contains,
  formatAddress,
  isWithin,
  parseAddress,
  parsePrefix,
  sameAddress,
} from '../../../src/topology/address.ts';
import { seeded } from './support/namespaces.ts';

describe('addresses', () => {
  it.each(['10.0.0.1', '255.255.255.255', '::', '::1', 'fe80::1', 'fd00:1:2:3:4:5:6:7', '1::8'])(
    'are parsed and formatted again: %s',
    (text) => {
      const address = parseAddress(text);
      expect(address && formatAddress(address)).toBe(text);
    },
  );

  it.each(['', '10.0.0', '10.0.0.256', '1:2', ':::', '1::2::3', 'fd00::g', '1:2:3:4:5:6:7:8:9'])(
    'are refused if invalid: "%s"',
    (text) => {
      expect(isIP(text)).toBe(0);
      expect(parseAddress(text)).toBeUndefined();
    },
  );

  it('are formatted as in URLs', () => {
    const random = seeded(5);
    for (let round = 0; round < 300; round++) {
      const groups = Array.from({ length: 8 }, () =>
        random.below(3) === 0 ? random.below(65536).toString(16) : '0',
      );
      const address = parseAddress(groups.join(':'));
      const expected = new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
      expect(address && formatAddress(address)).toBe(expected);
    }
  });

  it('are equal in any notation', () => {
    expect(sameAddress('fd00::0:1', 'fd00::1')).toBe(true);
    expect(sameAddress('::ffff:10.0.0.1', '::ffff:a00:1')).toBe(true);
    expect(sameAddress('10.0.0.1', '10.0.0.2')).toBe(false);
  });
});

describe('prefixes', () => {
  it.each([
    ['10.0.0.0/8', '10.255.0.1', true],
    ['10.0.0.0/255.0.0.0', '11.0.0.1', false],
    ['10.0.0.1', '10.0.0.1', true],
    ['0.0.0.0/0', '1.2.3.4', true],
    ['::/0', '1.2.3.4', false],
    ['fd00:1::/64', 'fd00:1::9', true],
    ['fd00:1::/64', 'fd00:1:0:1::9', false],
  ])('%s contains %s: %s', (prefix, address, holds) => {
    expect(isWithin(prefix, address)).toBe(holds);
  });

  it('drop the bits beyond their length', () => {
    const prefix = parsePrefix('10.244.1.7/24');
    expect(prefix && formatAddress(prefix)).toBe('10.244.1.0');
    expect(parsePrefix('10.0.0.0/33')).toBeUndefined();
    expect(parsePrefix('10.0.0.0/255.0.255.0')).toBeUndefined();
  });

  it('contain no address of the other family', () => {
    const [four, six] = [parsePrefix('0.0.0.0/0'), parseAddress('::1')];
    expect(four && six && contains(four, six)).toBe(false);
  });
});
