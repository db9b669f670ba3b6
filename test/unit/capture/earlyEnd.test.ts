import { describe, expect, it } from 'vitest';
import { type EndedRecording, earlyEnd } from '../../../src/capture/earlyEnd.ts';

const ENDED: EndedRecording = {
  why: 'stopped',
  exit: 0,
  at: 1_795_527_960,
  engine: 'tcpdump',
  device: 'net1',
  outages: [],
  messages: [
    'tcpdump: listening on net1',
    'tcpdump: pcap_loop: recvfrom failed',
    '3 packets captured',
  ],
};

describe('an end of a recording', () => {
  it.each(['stopped', 'duration', 'size', 'complete'])(
    'is not early if it was requested: %s',
    (why) => {
      expect(earlyEnd({ ...ENDED, why })).toBeUndefined();
    },
  );

  it.each([
    [{ why: 'lease' }, 'client-silent'],
    [{ why: 'engine' }, 'engine-exited'],
    [{ why: 'engine', exit: 1 }, 'engine-failed'],
    [{ why: 'engine', exit: 137 }, 'engine-killed'],
    [{ why: 'engine', exit: 139 }, 'engine-killed'],
    [{ why: 'full' }, 'disk-full'],
    [{ why: 'floor' }, 'disk-low'],
    [{ why: 'ended' }, 'container-ended'],
    [{ why: 'interrupted' }, 'recorder-killed'],
    [{ why: 'newer' }, 'unknown'],
  ])('is early if it was not requested: %j is %s', (end, kind) => {
    expect(earlyEnd({ ...ENDED, ...end })).toMatchObject({ kind, at: ENDED.at });
  });

  it.each([
    [{ why: 'engine', exit: 1 }, 'exit code 1 (tcpdump: pcap_loop: recvfrom failed)'],
    [{ why: 'engine', exit: 139 }, 'signal 11'],
    [{ why: 'newer' }, 'newer'],
  ])('is explained with the details of %j', (end, detail) => {
    expect(earlyEnd({ ...ENDED, ...end })?.why).toContain(detail);
  });

  it('that was requested while the interface was missing is the end of the interface', () => {
    const outages = [
      { from: 5, to: 7, afterFile: 1 },
      { from: 9, afterFile: 2 },
    ];
    expect(earlyEnd({ ...ENDED, why: 'duration', outages })).toMatchObject({
      kind: 'interface-gone',
      at: 9,
      why: 'net1 disappeared',
    });
    expect(earlyEnd({ ...ENDED, outages: outages.slice(0, 1) })).toBeUndefined();
  });
});
