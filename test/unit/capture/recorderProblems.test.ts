import { describe, expect, it } from 'vitest';
import { RecorderProblem } from '../../../src/capture/directCapture.ts';
import { explainRecorder } from '../../../src/capture/recorderProblems.ts';

const explained = (said: string, exitStatus = 1, device: string | undefined = 'eth9') =>
  explainRecorder(new RecorderProblem(said, exitStatus), 'debian:12', device, async () => [
    'eth0',
    'lo',
  ]);

describe('what tcpdump, or the shell, complained about', () => {
  it.each<[string, string, number, string, RegExp, 1 | 2]>([
    [
      'no tcpdump',
      'lease: line 46: tcpdump: not found',
      127,
      'the image debian:12 has no tcpdump',
      /--image/,
      1,
    ],
    [
      'no tcpdump, dash',
      'lease: 46: tcpdump: not found',
      127,
      'the image debian:12 has no tcpdump',
      /--image/,
      1,
    ],
    [
      'no interface',
      'tcpdump: eth9: No such device exists\n(No such device exists)',
      1,
      'there is no interface "eth9" in the pod: tcpdump: eth9: No such device exists\n(No such device exists)',
      /^interfaces in this pod: eth0, lo, and any$/,
      2,
    ],
    [
      'a wrong expression',
      "tcpdump: can't parse filter expression: syntax error",
      1,
      "tcpdump: can't parse filter expression: syntax error",
      /pcap-filter/,
      2,
    ],
    [
      'an unknown host',
      "tcpdump: unknown host 'nohost'",
      1,
      "tcpdump: unknown host 'nohost'",
      /pcap-filter/,
      2,
    ],
    [
      'no rights',
      "tcpdump: eth0: You don't have permission to perform this capture on that device",
      1,
      "tcpdump may not capture here: tcpdump: eth0: You don't have permission to perform this capture on that device",
      /NET_RAW/,
      1,
    ],
    [
      'a user it may not become',
      "tcpdump: Couldn't change to 'root' uid=0 gid=0: Operation not permitted",
      1,
      "tcpdump may not capture here: tcpdump: Couldn't change to 'root' uid=0 gid=0: Operation not permitted",
      /NET_RAW/,
      1,
    ],
  ])('%s', async (_, said, status, message, next, exitCode) => {
    const problem = await explained(said, status);
    expect(problem.message).toBe(message);
    expect(problem.next[0]).toMatch(next);
    expect(problem.exitCode).toBe(exitCode);
  });

  it('anything else is passed on', async () => {
    expect(await explained('tcpdump: pcap_loop: The interface disappeared')).toMatchObject({
      message: 'tcpdump: pcap_loop: The interface disappeared',
      exitCode: 1,
    });
    expect((await explained('', 137)).message).toBe('tcpdump ended with exit code 137 and no word');
  });
});
