import { describe, expect, it } from 'vitest';
import { explainRecorder } from '../../../../src/capture/recorder/recorderProblems.ts';
import { RecorderProblem } from '../../../../src/capture/recorderProblem.ts';
import { DEFAULT_IMAGE } from '../../../../src/debugger/image.ts';
import type { ProblemKind } from '../../../../src/problem.ts';

const explained = (output: string, exitStatus = 1, device: string | undefined = 'eth9') =>
  explainRecorder(new RecorderProblem(output, exitStatus), 'debian:12', device, async () => [
    'eth0',
    'lo',
  ]);

it('suggests the most similar interfaces if a node has hundreds', async () => {
  const all = Array.from({ length: 300 }, (_, number) => `veth${number}`);
  const { next } = await explainRecorder(
    new RecorderProblem('tcpdump: veth9x: No such device exists', 1),
    'debian:12',
    'veth9x',
    async () => [...all, 'eth0'],
  );
  expect(next).toEqual([
    expect.stringMatching(/\b301 interfaces\b.*: veth9\S*, \S+, \S+; .*\bany\b/),
  ]);
});

/** The wording of dumpcap 4.0. */
const dumpcapOnFilter = (why: string) =>
  [
    'dumpcap: cap_set_proc() fail return: Operation not permitted',
    "Capturing on 'eth0'",
    `dumpcap: Invalid capture filter "prot 80" for interface 'eth0'.`,
    `That string isn't a valid capture filter (${why}).`,
    "See the User's Guide for a description of the capture filter syntax.",
  ].join('\n');

describe('error messages of an engine or the shell', () => {
  it.each<[string, string, number, ProblemKind, string, RegExp, 1 | 2]>([
    ['no tcpdump', 'lease: line 46: tcpdump: not found', 127, 'image', 'debian:12', /--image/, 1],
    ['no tcpdump, dash', 'lease: 46: tcpdump: not found', 127, 'image', 'debian:12', /--image/, 1],
    [
      'no interface',
      'tcpdump: eth9: No such device exists\n(No such device exists)',
      1,
      'not-found',
      '"eth9"',
      /: eth0, lo;/,
      2,
    ],
    [
      'an invalid expression',
      "tcpdump: can't parse filter expression: syntax error",
      1,
      'usage',
      'syntax error',
      /pcap-filter/,
      2,
    ],
    [
      'an unknown host',
      "tcpdump: unknown host 'nohost'",
      1,
      'usage',
      "unknown host 'nohost'",
      /pcap-filter/,
      2,
    ],
    [
      'an invalid expression, in both engines',
      `${dumpcapOnFilter("can't parse filter expression: syntax error")}\ntcpdump: can't parse filter expression: syntax error`,
      1,
      'usage',
      'syntax error',
      /pcap-filter/,
      2,
    ],
    [
      'an unknown port, in dumpcap only',
      dumpcapOnFilter("unknown port 'eighty'"),
      1,
      'usage',
      "unknown port 'eighty'",
      /pcap-filter/,
      2,
    ],
    [
      'text that libpcap does not accept as an expression',
      dumpcapOnFilter('mask length must be <= 32'),
      1,
      'usage',
      'mask length must be <= 32',
      /pcap-filter/,
      2,
    ],
    [
      'missing permissions, in both engines',
      "dumpcap: cap_set_proc() fail return: Operation not permitted\nCapturing on 'eth0'\ndumpcap: You do not have permission to capture on device \"eth0\".\ntcpdump: eth0: You don't have permission to perform this capture on that device",
      1,
      'recorder',
      "tcpdump: eth0: You don't have permission to perform this capture on that device",
      /NET_RAW/,
      1,
    ],
    [
      'missing permissions',
      "tcpdump: eth0: You don't have permission to perform this capture on that device",
      1,
      'recorder',
      "tcpdump: eth0: You don't have permission to perform this capture on that device",
      /NET_RAW/,
      1,
    ],
    [
      'a user that it must not switch to',
      "tcpdump: Couldn't change to 'root' uid=0 gid=0: Operation not permitted",
      1,
      'recorder',
      "tcpdump: Couldn't change to 'root' uid=0 gid=0: Operation not permitted",
      /NET_RAW/,
      1,
    ],
  ])('%s', async (_, output, status, kind, words, next, exitCode) => {
    const problem = await explained(output, status);
    expect(problem.kind).toBe(kind);
    expect(problem.message).toContain(words);
    expect(problem.next[0]).toMatch(next);
    expect(problem.exitCode).toBe(exitCode);
  });

  it('passes on anything else', async () => {
    expect(await explained('tcpdump: pcap_loop: The interface disappeared')).toMatchObject({
      message: 'tcpdump: pcap_loop: The interface disappeared',
      exitCode: 1,
    });
    expect((await explained('', 137)).message).toContain('137');
  });
});

describe('refused packets', () => {
  const refused = new RecorderProblem(
    "tcpdump: eth0: You don't have permission to perform this capture on that device",
    1,
  );
  const secure = {
    className: 'secure',
    handler: 'runsc',
    sandbox: 'gVisor',
    isUnusual: true,
  } as const;
  const odd = { className: 'odd', handler: 'other', sandbox: undefined, isUnusual: true } as const;
  it.each([
    [
      'a sandbox',
      { netRaw: true, runtime: secure },
      /gVisor \(runtime class secure, handler runsc\)/,
      /NET_RAW/,
    ],
    [
      'NET_RAW is present',
      { netRaw: true },
      /has the capability.*possible causes/s,
      /fewer|not given/,
    ],
    [
      'an unknown runtime',
      { netRaw: true, runtime: odd },
      /runtime class odd.* may keep/s,
      /gVisor/,
    ],
    ['NET_RAW was removed', { netRaw: false }, /did not get the capability/, /may have got/],
    ['nothing is known', {}, /may have got fewer/, /was not given/],
  ])('are explained by what is found: %s', async (_, surroundings, says, not) => {
    const look = async () => surroundings;
    const { next } = await explainRecorder(
      refused,
      DEFAULT_IMAGE,
      undefined,
      async () => [],
      'least',
      look,
    );
    expect(next.join('\n')).toMatch(says);
    expect(next.join('\n')).not.toMatch(not);
    // The user did not pass it.
    expect(next.join('\n')).not.toMatch(/--image/);
  });
});
