import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { statusLine, tellOfRequest } from '../../../src/cli/console.ts';

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

it('tells of a request that takes long, and of no other', () => {
  tellOfRequest('https://quick')();
  const answered = tellOfRequest('https://slow');
  vi.advanceTimersByTime(5_000);
  answered();
  expect(written).toMatch(/waiting for the API server https:\/\/slow/);
  expect(written).not.toMatch(/quick/);
  expect(statusLine().isBusy).toBe(false);
});

it('tells of no request while progress is shown', () => {
  statusLine().show('3 packets');
  tellOfRequest('https://slow');
  vi.advanceTimersByTime(5_000);
  expect(written).not.toMatch(/slow/);
});
