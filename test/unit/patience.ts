import { vi } from 'vitest';

// Set up for each file. Without this, vi.waitFor gives up after 1 s, which can be too short on a busy machine.
const PATIENCE_MS = 60_000;

const { waitFor } = vi;
vi.waitFor = (check, options) =>
  waitFor(check, {
    timeout: PATIENCE_MS,
    ...(typeof options === 'number' ? { timeout: options } : options),
  });
