import { describe, expect, it } from 'vitest';
import { bufferKibibytes, recordArguments } from '../../../../src/capture/spool/recordArguments.ts';
import { bytes, milliseconds, seconds } from '../../../../src/capture/units.ts';

const RING = { fileKilobytes: 1000, files: 5 };

describe('the arguments of a recorder', () => {
  it('divide the memory for kernel buffers among the recorders of a node', () => {
    const mebibytes = [1, 16, 32, 64, 200].map((recorders) => bufferKibibytes(recorders) / 1024);
    expect(mebibytes).toEqual([32, 32, 16, 8, 8]);
  });

  it('contain the ports of the filter, whose connections may explain that nothing matched', () => {
    const options = { spec: { expression: 'port 80 or port 443' }, ring: RING };
    const words = recordArguments('/s', { ...options, keep: seconds(60), changesUser: false });
    expect(words.slice(-2)).toEqual(['ports=80,443', 'expression=port 80 or port 443']);
  });

  it('contain only the bounds that are set', () => {
    const options = { spec: {}, ring: RING, keep: seconds(60), changesUser: false };
    expect(recordArguments('/tmp/spool', options)).toEqual([
      ...['spool=/tmp/spool', 'filekb=1000', 'files=5', 'buffer=32768', 'keep=60'],
    ]);
  });

  it('round times up to seconds and sizes up to kilobytes; the expression is the last word', () => {
    expect(
      recordArguments('/tmp/spool', {
        spec: {
          device: 'any',
          snapLength: bytes(128),
          count: 3,
          duration: milliseconds(1_001),
          maxBytes: bytes(2_001),
          expression: 'host 10.0.0.1 and; rm -rf / seq=3',
        },
        ring: { ...RING, age: 60 },
        keep: seconds(1),
        linger: milliseconds(1),
        changesUser: true,
      }),
    ).toEqual([
      ...['spool=/tmp/spool', 'device=any', 'snaplen=128', 'count=3', 'filekb=1000', 'age=60'],
      ...['files=5', 'buffer=32768', 'duration=2', 'maxkb=3', 'linger=1', 'keep=1', 'zroot=1'],
      'expression=host 10.0.0.1 and; rm -rf / seq=3',
    ]);
  });
});
