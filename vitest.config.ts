import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';
import { TEXT_FILE, textOfFile } from './scripts/textFiles.ts';

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

export default defineConfig({
  plugins: [shellAsText],
  test: {
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['test/unit/**/*.test.ts'], maxConcurrency: 20 },
      },
      {
        extends: true,
        test: {
          name: 'cluster',
          include: ['test/cluster/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
      {
        extends: true,
        test: { name: 'release', include: ['test/release/**/*.test.ts'], testTimeout: 60_000 },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/e2e/setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
          maxConcurrency: 6,
        },
      },
    ],
  },
});
