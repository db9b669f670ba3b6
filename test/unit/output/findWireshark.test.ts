import { describe, expect, it } from 'vitest';
import { findWireshark } from '../../../src/output/wiresharkOutput.ts';

describe('Wireshark', () => {
  it.each([
    ['linux', '/opt/bin:/usr/bin', '/usr/bin/wireshark'],
    ['darwin', '/usr/bin', '/Applications/Wireshark.app/Contents/MacOS/Wireshark'],
    ['darwin', '/usr/bin:/opt/homebrew/bin', '/opt/homebrew/bin/wireshark'],
    ['win32', 'C:\\Tools;D:\\Wireshark', 'D:\\Wireshark\\wireshark.exe'],
    ['win32', 'C:\\Tools', 'C:\\Program Files\\Wireshark\\Wireshark.exe'],
  ] as const)('on %s with PATH %s is %s', (platform, PATH, path) => {
    expect(findWireshark({ PATH }, platform, (candidate) => candidate === path)).toBe(path);
  });

  it('that is missing is a Problem', () => {
    expect(() => findWireshark({ PATH: '/usr/bin' }, 'linux', () => false)).toThrow(
      expect.objectContaining({ kind: 'missing-program' }),
    );
  });
});
