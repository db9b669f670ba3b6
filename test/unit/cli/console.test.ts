import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  holdForPlugin,
  note,
  notify,
  reportExpiredLogin,
  setRecordingEnd,
  showSlowRequest,
  statusLine,
} from '../../../src/cli/console.ts';

let written: string;
beforeEach(() => {
  vi.useFakeTimers();
  written = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    written += text;
    return true;
  });
});
afterEach(() => {
  statusLine().clear();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

it('reports a request only if it takes long', () => {
  showSlowRequest('https://quick')();
  const answered = showSlowRequest('https://slow');
  vi.advanceTimersByTime(5_000);
  answered();
  expect(written).toContain('https://slow');
  expect(written).not.toMatch(/quick/);
  expect(statusLine().isBusy).toBe(false);
});

it('does not report requests while progress is shown', () => {
  statusLine().show('3 packets');
  showSlowRequest('https://slow');
  vi.advanceTimersByTime(5_000);
  expect(written).not.toMatch(/slow/);
});

it('prints a notice with its target, and the steps below it', () => {
  notify({ kind: 'gap', text: 'file 1 is missing', target: 'web', next: ['use -s\x1b 128'] });
  expect(written).toBe('web: file 1 is missing\n  use -s\\x1b 128\n');
});

describe('a credential plugin that asks the user', () => {
  const own = { value: process.stderr.isTTY, configurable: true };
  beforeEach(() => {
    // Streams that are not terminals lack this property.
    Object.defineProperty(process.stderr, 'isTTY', { value: true, configurable: true });
  });
  afterEach(() => {
    Object.defineProperty(process.stderr, 'isTTY', own);
  });

  it('has the terminal to itself, and delays notes', () => {
    const ended = holdForPlugin(false);
    note('3 packets lost');
    vi.advanceTimersByTime(60_000);
    expect(written).toBe('');
    ended();
    expect(written).toContain('3 packets lost\n');
  });

  it('during a capture is explained after its question, with the remaining time', () => {
    const end = new Date('2026-01-01T14:32:10').getTime();
    setRecordingEnd(() => end);
    const ended = holdForPlugin(true);
    expect(written).toBe('');
    vi.advanceTimersByTime(3_000);
    ended();
    setRecordingEnd(undefined);
    expect(written).toBe(
      '\nyour login has expired; the recorder keeps recording until 14:32; answer the question above\n',
    );
  });
});

it('reports a lost login only during a capture, while the user can still log in', () => {
  const lost = new Error('your login has expired');
  reportExpiredLogin(lost, 10_000);
  setRecordingEnd(() => undefined);
  reportExpiredLogin(lost, undefined);
  expect(written).toBe('');
  reportExpiredLogin(lost, 10_000);
  setRecordingEnd(undefined);
  expect(written).toContain(lost.message);
  expect(written).toMatch(/\b10 s\n$/);
});
