import { afterEach, expect, it, vi } from 'vitest';
import { Interrupted, onInterruption } from '../../../src/cli/interruption.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** The signals of a command, and whether the process was asked to exit. */
function started(abandons: boolean) {
  const exit = vi.spyOn(process, 'exit').mockReturnValue(undefined as never);
  return {
    ...onInterruption({ handlesAbandon: abandons }),
    exit,
    press: () => process.emit('SIGINT'),
  };
}

it('the second Ctrl-C ends a command that has nothing to save', () => {
  const { signal, exit, press, release } = started(false);
  press();
  expect(signal.reason).toBeInstanceOf(Interrupted);
  expect(exit).not.toHaveBeenCalled();
  press();
  expect(exit).toHaveBeenCalledExactlyOnceWith(130);
  release();
});

it('the second Ctrl-C gives other commands a moment; the third ends them at once', () => {
  vi.useFakeTimers();
  const { abandon, exit, press, release } = started(true);
  press();
  expect(abandon.aborted).toBe(false);
  press();
  expect(abandon.aborted).toBe(true);
  expect(exit).not.toHaveBeenCalled();
  vi.advanceTimersByTime(2_000);
  expect(exit).toHaveBeenCalledTimes(1);
  press();
  expect(exit).toHaveBeenCalledTimes(2);
  release();
});
