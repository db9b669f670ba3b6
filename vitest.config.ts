import { defineConfig } from 'vitest/config';
import { TEXT_FILE, textOfFile } from './scripts/textFiles.ts';
import { RunTable } from './test/e2e/support/runTable.ts';
import { SlowestFirst } from './test/slowestFirst.ts';

/** What a plugin of vite can ask for. */
interface Resolver {
  resolve(
    source: string,
    importer: string | undefined,
    options: { skipSelf: boolean },
  ): Promise<{ readonly id: string } | null>;
}

/** The null character marks an ID that is not a file name, a convention of vite's plugins. */
const TEXT_PREFIX = '\0text:';
const TEXT_SUFFIX = '.text';

/**
 * Loads shell code, stylesheets and scripts for browsers as text, as in esbuild's bundle. The modules have other names
 * than the files, because vitest empties stylesheets.
 */
const filesAsText = {
  name: 'files-as-text',
  enforce: 'pre' as const,
  async resolveId(this: Resolver, source: string, importer: string | undefined) {
    // A module from vitest's cache requests the name that was resolved before, relative to the root of the project.
    const file = source.endsWith(TEXT_SUFFIX) ? source.slice(0, -TEXT_SUFFIX.length) : source;
    if (!TEXT_FILE.test(file)) return undefined;
    const found = await this.resolve(file, importer, { skipSelf: true });
    return found && `${TEXT_PREFIX}${found.id}${TEXT_SUFFIX}`;
  },
  load(id: string) {
    if (!id.startsWith(TEXT_PREFIX)) return undefined;
    const path = id.slice(TEXT_PREFIX.length, -TEXT_SUFFIX.length);
    return `export default ${JSON.stringify(textOfFile(path))};`;
  },
};

/** These change what all pods of a node share: its network, or the state of its CNI plugins. No other test may use the node. */
const ALONE = ['path', 'probe', 'randomPairs', 'topology', 'fullNode'].map(
  (name) => `test/e2e/${name}.test.ts`,
);

export default defineConfig({
  plugins: [filesAsText],
  test: {
    // The cache key of such a file does not cover the files that it includes, so nothing is cached between runs.
    fsModuleCache: false,
    reporters: ['default', new RunTable()],
    sequence: { sequencer: SlowestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          setupFiles: ['test/unit/patience.ts'],
          // Only for tests that hang: no test measures the speed of a busy machine.
          testTimeout: 180_000,
          hookTimeout: 180_000,
          expect: { poll: { timeout: 60_000 } },
          // Many tests wait for shell scripts and their timers.
          maxWorkers: 4,
          maxConcurrency: 10,
          // One project after another, because clusters would slow down tests that measure time.
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'cluster',
          include: ['test/cluster/**/*.test.ts', 'test/faults/**/*.test.ts'],
          // Only for tests that hang. They run beside the unit tests.
          testTimeout: 180_000,
          hookTimeout: 180_000,
          expect: { poll: { timeout: 60_000 } },
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
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          expect: { poll: { timeout: 20_000 } },
          testTimeout: 60_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
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
          exclude: ALONE,
          globalSetup: ['test/e2e/setup.ts'],
          setupFiles: ['test/e2e/support/afterFile.ts'],
          // Only for tests that hang: no test measures the speed of a busy machine.
          testTimeout: 300_000,
          hookTimeout: 180_000,
          // They wait half of the time, so more of them run at once than there are processors. The first file waits most
          // of its time, and takes a third of the whole.
          maxWorkers: 5,
          maxConcurrency: 6,
          sequence: { groupOrder: 3 },
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e-alone',
          include: ALONE,
          globalSetup: ['test/e2e/setup.ts'],
          setupFiles: ['test/e2e/support/afterFile.ts'],
          testTimeout: 600_000,
          hookTimeout: 180_000,
          fileParallelism: false,
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
});
