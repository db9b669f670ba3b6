'use strict';

// Loaded into netdebug by tests (stoppedClock.ts). After SIGINT, timers of 1.5 s or longer never fire, so a command
// that waits for a fixed time instead of an event never ends. What it waited for is printed.

const promises = require('node:timers/promises');

/**
 * Longer than the pauses of heartbeats, without which the pod would end the command, and than the time in which tcpdump
 * delivers its last packets.
 */
const LONG_MS = 1500;
const real = { setTimeout, setInterval };
let isStopped = false;

process.once('SIGINT', () => {
  isStopped = true;
  process.stderr.write('the clock has stopped\n');
});

globalThis.setTimeout = (callback, milliseconds, ...args) => {
  const { stack } = new Error(`not fired after ${milliseconds} ms`);
  const timer = real.setTimeout(() => {
    if (isStopped && milliseconds >= LONG_MS) {
      process.stderr.write(`${stack}\n`);
      timer.refresh();
    } else callback(...args);
  }, milliseconds);
  return timer;
};

globalThis.setInterval = (callback, milliseconds, ...args) =>
  real.setInterval(() => {
    if (!(isStopped && milliseconds >= LONG_MS)) callback(...args);
  }, milliseconds);

promises.setTimeout = (milliseconds, value, { signal, ref = true } = {}) =>
  new Promise((resolve, reject) => {
    let timer;
    const abort = () => {
      clearTimeout(timer);
      const error = new Error('The operation was aborted', { cause: signal.reason });
      reject(Object.assign(error, { name: 'AbortError', code: 'ABORT_ERR' }));
    };
    if (signal?.aborted) {
      abort();
      return;
    }
    timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve(value);
    }, milliseconds);
    if (!ref) timer.unref();
    signal?.addEventListener('abort', abort, { once: true });
  });

AbortSignal.timeout = (milliseconds) => {
  const controller = new AbortController();
  const late = () => controller.abort(new DOMException('The operation timed out', 'TimeoutError'));
  setTimeout(late, milliseconds).unref();
  return controller.signal;
};
