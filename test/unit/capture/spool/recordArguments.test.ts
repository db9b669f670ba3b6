import { describe, expect, it } from 'vitest';
import { recordArguments } from '../../../../src/capture/spool/recordArguments.ts';

describe('the words for a recorder', () => {
  it('name only the bounds that there are', () => {
    expect(recordArguments('/tmp/spool', {})).toEqual(['spool=/tmp/spool']);
  });

  it('give the expression as one word, the last', () => {
    expect(
      recordArguments('/tmp/spool', {
        expression: 'host 10.0.0.1 and; rm -rf / seq=3',
        engine: 'tcpdump',
        fileKilobytes: 1000,
        files: 5,
        age: 60,
        changesUser: true,
        linger: 0,
      }),
    ).toEqual([
      ...['spool=/tmp/spool', 'engine=tcpdump', 'filekb=1000', 'age=60', 'files=5', 'linger=0'],
      ...['zroot=1', 'expression=host 10.0.0.1 and; rm -rf / seq=3'],
    ]);
  });
});
