import { describe, expect, it } from 'vitest';
import { type EndedRecording, earlyEnd } from '../../../src/capture/earlyEnd.ts';

const ENDED: EndedRecording = {
  why: 'stopped',
  exit: 0,
  at: 1_795_527_960,
  engine: 'tcpdump',
  device: 'net1',
  outages: [],
  said: ['tcpdump: listening on net1', 'tcpdump: pcap_loop: recvfrom failed', '3 packets captured'],
};

describe('an end of a recording', () => {
  it.each(['stopped', 'duration', 'size', 'complete'])(
    'is not early if it was requested: %s',
    (why) => {
      expect(earlyEnd({ ...ENDED, why })).toBeUndefined();
    },
  );

  it.each([
    [{ why: 'engine' }, /^tcpdump exited on its own$/],
    [{ why: 'engine', exit: 1 }, /failed with exit code 1 \(tcpdump: pcap_loop: recvfrom failed\)/],
    [{ why: 'engine', exit: 137 }, /killed.*memory/],
    [{ why: 'engine', exit: 139 }, /signal 11/],
    [{ why: 'full' }, /disk is full/],
    [{ why: 'floor' }, /free space/],
    [{ why: 'ended' }, /terminated/],
    [{ why: 'interrupted' }, /killed/],
    [{ why: 'newer' }, /newer/],
  ])('is early if it was not requested: %j', (end, why) => {
    expect(earlyEnd({ ...ENDED, ...end })).toMatchObject({
      at: ENDED.at,
      why: expect.stringMatching(why),
    });
  });

  it('that was requested while the interface was missing is the end of the interface', () => {
    const outages = [
      { from: 5, to: 7, afterFile: 1 },
      { from: 9, afterFile: 2 },
    ];
    expect(earlyEnd({ ...ENDED, why: 'duration', outages })).toMatchObject({
      at: 9,
      why: 'net1 disappeared',
    });
    expect(earlyEnd({ ...ENDED, outages: outages.slice(0, 1) })).toBeUndefined();
  });
});
