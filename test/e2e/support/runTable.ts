import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Reporter, TestModule } from 'vitest/node';

/** The results of a run on one cluster. */
interface Column {
  readonly cluster: string;
  /** File name -> number of passed, failed and skipped tests. */
  readonly files: Readonly<
    Record<string, readonly [passed: number, failed: number, skipped: number]>
  >;
  /** Reason -> number of tests that were skipped for it. */
  readonly reasons: Readonly<Record<string, number>>;
}

/**
 * At the end, prints which end-to-end tests ran on which cluster, and which were skipped and why. Consecutive runs that
 * share a file through RUN_TABLE have a column for each cluster, and the last run prints the whole table.
 */
export class RunTable implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const suite = modules.filter(({ project }) => project.name.startsWith('e2e'));
    if (suite.length === 0) return;
    const columns = withColumn(earlierColumns(), columnOf(suite));
    if (process.env.RUN_TABLE) writeFileSync(process.env.RUN_TABLE, JSON.stringify(columns));
    console.log(tableOf(columns).join('\n'));
  }
}

function earlierColumns(): Column[] {
  const { RUN_TABLE } = process.env;
  const text = RUN_TABLE ? readFileSync(RUN_TABLE, 'utf8') : '';
  return text === '' ? [] : JSON.parse(text);
}

/** Merges a column with the earlier one of the same cluster, if there is one. */
function withColumn(earlier: readonly Column[], column: Column): Column[] {
  const same = earlier.find(({ cluster }) => cluster === column.cluster);
  if (!same) return [...earlier, column];
  const reasons = { ...same.reasons };
  for (const [reason, count] of Object.entries(column.reasons))
    reasons[reason] = (reasons[reason] ?? 0) + count;
  const joined = { ...column, files: { ...same.files, ...column.files }, reasons };
  return earlier.map((run) => (run === same ? joined : run));
}

function columnOf(suite: readonly TestModule[]): Column {
  const reasons = Map.groupBy(suite.flatMap(skipReasons), (reason) => reason);
  return {
    cluster: clusterName(process.env),
    files: Object.fromEntries(suite.map((module) => [basename(module.moduleId), countsOf(module)])),
    reasons: Object.fromEntries([...reasons].map(([reason, all]) => [reason, all.length])),
  };
}

function tableOf(columns: readonly Column[]): string[] {
  const files = [...new Set(columns.flatMap((column) => Object.keys(column.files)))].toSorted();
  const width = Math.max(...files.map((file) => file.length));
  const rows = [
    ['', ...columns.map(({ cluster }) => cluster)],
    ...files.map((file) => [file, ...columns.map((column) => cellOf(column.files[file]))]),
  ];
  return [
    '\nEnd-to-end tests: passed, failed, skipped',
    ...rows.map(([first = '', ...cells]) =>
      [first.padEnd(width), ...cells.map((cell) => cell.padStart(20))].join('').trimEnd(),
    ),
    ...columns.flatMap(({ cluster, reasons }) =>
      Object.entries(reasons).map(([reason, n]) => `${n} skipped on ${cluster}: ${reason}`),
    ),
    '',
  ];
}

function cellOf(counts: Column['files'][string] | undefined): string {
  return counts ? counts.map((count) => String(count).padStart(4)).join('') : 'not run';
}

/** The cluster that the end-to-end suite runs on. */
function clusterName({ E2E_KUBECONFIG, E2E_CLUSTER }: NodeJS.ProcessEnv): string {
  if (E2E_KUBECONFIG) return 'given cluster';
  return E2E_CLUSTER === 'kubernetes' ? 'real Kubernetes' : 'local cluster';
}

function countsOf(module: TestModule): [number, number, number] {
  const states = [...module.children.allTests()].map((test) => test.result().state);
  const count = (state: string) => states.filter((candidate) => candidate === state).length;
  return [count('passed'), count('failed'), count('skipped')];
}

function skipReasons(module: TestModule): string[] {
  return [...module.children.allTests('skipped')].map((test) => {
    const result = test.result();
    return (
      (result.state === 'skipped' && result.note) || 'not selected, or skipped without a reason'
    );
  });
}
