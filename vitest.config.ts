import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';
import { TEXT_FILE, textOfFile } from './scripts/textFiles.ts';
import { RunTable } from './test/e2e/support/runTable.ts';

/** Remote shell code is bundled as text by esbuild; vitest reads it the same way. */
const shellAsText = {
  name: 'shell-as-text',
  enforce: 'pre' as const,
  load(id: string) {
    return TEXT_FILE.test(id)
      ? `export default ${JSON.stringify(textOfFile(id, readFileSync(id, 'utf8')))};`
      : undefined;
  },
};

/** Other people's machines are busy at times: there a test that lost a race is tried again, and told. */
const retry = process.env.CI ? 2 : 0;

export default defineConfig({
  plugins: [shellAsText],
  test: {
    reporters: ['default', new RunTable()],
    retry,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          // Never what a test measures: a busy machine needs more than the default of 5 s.
          testTimeout: 60_000,
          maxConcurrency: 10,
          // One kind after another: clusters take the time that others measure by.
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'cluster',
          include: ['test/cluster/**/*.test.ts', 'test/faults/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'kubernetes',
          include: ['test/kubernetes/**/*.test.ts'],
          testTimeout: 120_000,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'release',
          include: ['test/release/**/*.test.ts'],
          testTimeout: 60_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/e2e/setup.ts'],
          setupFiles: ['test/e2e/support/afterFile.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
          maxConcurrency: 6,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
