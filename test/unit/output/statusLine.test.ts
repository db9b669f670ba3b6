import { expect, it, vi } from 'vitest';
import { StatusLine } from '../../../src/output/statusLine.ts';

function lineOn({ isTTY }: { isTTY: boolean }) {
  const written: string[] = [];
  const stream = { isTTY, columns: 80, write: (text: string) => written.push(text) };
  return { line: new StatusLine(stream as unknown as NodeJS.WriteStream), written };
}

it('shows a wait at once on a terminal, and removes it', () => {
  const { line, written } = lineOn({ isTTY: true });
  const end = line.wait('waiting for \x1b[2Jthe node');
  expect(written.join('')).toBe('\r\x1b[Kwaiting for \\x1b[2Jthe node');
  end();
  expect(written.at(-1)).toBe('\r\x1b[K');
});

it('does not remove a newer text', () => {
  const { line, written } = lineOn({ isTTY: true });
  const end = line.wait('waiting for the node');
  line.show('3 packets');
  end();
  expect(written.at(-1)).toBe('\r\x1b[K3 packets');
});

it('draws nothing while another program uses the terminal', () => {
  const { line, written } = lineOn({ isTTY: true });
  line.show('1 packet');
  const release = line.hold();
  const before = written.length;
  line.show('2 packets');
  line.hide();
  line.clear();
  line.show('3 packets');
  expect(written).toHaveLength(before);
  release();
  expect(written.at(-1)).toBe('\r\x1b[K3 packets');
});

it('prints a wait of more than a second as a line without a terminal, once for all its numbers', () => {
  vi.useFakeTimers();
  try {
    const { line, written } = lineOn({ isTTY: false });
    line.wait('short');
    vi.advanceTimersByTime(900);
    line.clear();
    for (let second = 1; second < 9; second++) {
      line.wait(`waiting for the pod (${second} s)`);
      vi.advanceTimersByTime(600);
    }
    line.show('12 packets');
    vi.advanceTimersByTime(5_000);
    line.wait('waiting for the pod (99 s)');
    vi.advanceTimersByTime(5_000);
    expect(written).toEqual(['waiting for the pod (2 s)\n']);
  } finally {
    vi.useRealTimers();
  }
});

it('prints no waits if the stream belongs to another program', () => {
  vi.useFakeTimers();
  try {
    const { line, written } = lineOn({ isTTY: false });
    line.disablePrintedWaits();
    line.wait('waiting for the node');
    vi.advanceTimersByTime(5_000);
    expect(written).toEqual([]);
  } finally {
    vi.useRealTimers();
  }
});
