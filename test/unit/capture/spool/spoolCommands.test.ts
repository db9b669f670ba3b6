import { describe, expect, it } from 'vitest';
import { followProgram } from '../../../../src/capture/spool/spoolCommands.ts';

const POSITION = { seq: 3, offset: 24 };
const WORDS = ['follow', 'spool=/tmp/s', 'seq=3', 'offset=24', 'poll=0.2'];

describe('what the pod is told', () => {
  it('to follow alone: where', () => {
    expect(followProgram('/tmp/s', POSITION, undefined).command).toEqual(WORDS);
  });

  it('to start as well: what to record, the expression last and as it is', () => {
    const expression = 'port 80; touch "x"\nstart=1';
    const { command } = followProgram('/tmp/s', POSITION, { files: 8, linger: 60, expression });
    expect(command).toEqual([
      ...[...WORDS, 'start', 'spool=/tmp/s', 'files=8', 'linger=60', `expression=${expression}`],
    ]);
  });
});
