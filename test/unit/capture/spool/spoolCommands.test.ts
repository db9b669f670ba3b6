import { describe, expect, it } from 'vitest';
import { followProgram } from '../../../../src/capture/spool/spoolCommands.ts';
import { seconds } from '../../../../src/capture/units.ts';

const POSITION = { seq: 3, offset: 24 };
const WORDS = ['follow', 'spool=/tmp/s', 'seq=3', 'offset=24', 'poll=0.2'];

describe('the arguments for the pod', () => {
  it('to only follow: the position', () => {
    expect(followProgram('/tmp/s', POSITION, undefined).command).toEqual(WORDS);
  });

  it('to check less often if many followers run on the node', () => {
    const pollOf = (followers: number) =>
      followProgram('/tmp/s', POSITION, undefined, followers).command.at(-1);
    expect([5, 6, 15, 16, 60].map(pollOf)).toEqual([
      ...['poll=0.2', 'poll=0.5', 'poll=0.5', 'poll=1', 'poll=1'],
    ]);
  });

  it('to also start: the recording, with the unchanged expression last', () => {
    const expression = 'port 80; touch "x"\nstart=1';
    const { command } = followProgram('/tmp/s', POSITION, {
      spec: { expression },
      ring: { files: 8, fileKilobytes: 1000 },
      keep: seconds(60),
      changesUser: false,
    });
    expect(command).toEqual([
      ...[...WORDS, 'start', 'spool=/tmp/s', 'filekb=1000', 'files=8', 'buffer=32768', 'keep=60'],
      `expression=${expression}`,
    ]);
  });
});
