import { describe, expect, it } from 'vitest';
import { parseListing } from '../../../../src/capture/spool/listing.ts';

const lines = [
  'state ticket 11',
  'state version 1',
  'state engine dumpcap',
  'state device lo',
  'state started 1795527948',
  'state filekb 1000',
  'state files 4',
  'state age 0',
  'state newest 6',
  'state removed 4',
  'state bytes 4655959',
  'state argv dumpcap -q -P -i lo -f host 10.0.0.1 and port 80',
];
const files = [
  'file 5 1000088 1795527951 closed d_00005_20261124134550.pcap',
  'file 6 763450 - open d_00006_20261124134551.pcap',
  'free 77510404',
  'ok',
  '',
];
const state = {
  engine: 'dumpcap',
  device: 'lo',
  argv: 'dumpcap -q -P -i lo -f host 10.0.0.1 and port 80',
  started: 1795527948,
  fileKilobytes: 1000,
  files: 4,
  age: 0,
  removed: 4,
  bytes: 4655959,
  outages: [],
};

describe('the listing of a spool', () => {
  it('of a running recording', () => {
    expect(parseListing([...lines, 'state phase recording', ...files].join('\n'))).toEqual({
      state: { ...state, phase: 'recording' },
      files: [
        {
          seq: 5,
          size: 1000088,
          modified: 1795527951,
          closed: true,
          name: 'd_00005_20261124134550.pcap',
        },
        { seq: 6, size: 763450, closed: false, name: 'd_00006_20261124134551.pcap' },
      ],
      freeKibibytes: 77510404,
      tools: new Set(),
      log: [],
    });
  });

  it('of an ended recording', () => {
    const end = ['state why duration', 'state exit 0', 'state ended 1795527999'];
    const counts = ['state captured 3', 'state received 4', 'state dropped 0'];
    const text = [...lines, ...end, ...counts, 'state phase ended', 'free 3', 'ok', ''].join('\n');
    expect(parseListing(text)?.state.end).toEqual({
      why: 'duration',
      exit: 0,
      at: 1795527999,
      captured: 3,
      received: 4,
      dropped: 0,
    });
  });

  it('of a recording whose recorder disappeared', () => {
    const end = ['state why interrupted', 'state exit 137', 'state phase ended'];
    const text = [...lines, ...end, 'free 3', 'ok', ''].join('\n');
    expect(parseListing(text)?.state.end).toEqual({ why: 'interrupted', exit: 137 });
  });

  it('is not accepted as complete if it was cut off', () => {
    const whole = [...lines, 'state phase recording', ...files].join('\n');
    for (let length = 0; length < whole.length; length++)
      expect(parseListing(whole.slice(0, length))).toBe(undefined);
  });
});
