import { basename } from 'node:path';
import type { Reporter, TestModule } from 'vitest/node';

/** Which cluster the end-to-end suite runs on. */
function clusterName({ E2E_KUBECONFIG, E2E_CLUSTER }: NodeJS.ProcessEnv): string {
  if (E2E_KUBECONFIG) return `the cluster of ${E2E_KUBECONFIG}`;
  return E2E_CLUSTER === 'kubernetes' ? 'a real Kubernetes' : 'the local cluster';
}

/** Prints at the end what ran of the end-to-end suite and where, and what was skipped and why. */
export class RunTable implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const suite = modules.filter(({ project }) => project.name === 'e2e');
    if (suite.length === 0) return;
    const lines = suite.map(lineOf).toSorted();
    const reasons = suite.flatMap(skipReasons);
    const counted = Map.groupBy(reasons, (reason) => reason);
    console.log(
      [
        `\nEnd-to-end tests on ${clusterName(process.env)}:`,
        `${'file'.padEnd(24)}  passed  failed  skipped`,
        ...lines,
        ...[...counted].map(([reason, all]) => `${all.length} skipped: ${reason}`),
        '',
      ].join('\n'),
    );
  }
}

function lineOf(module: TestModule): string {
  const states = [...module.children.allTests()].map((test) => test.result().state);
  const count = (state: string) => states.filter((one) => one === state).length;
  const columns = [count('passed'), count('failed'), count('skipped')];
  return `${basename(module.moduleId).padEnd(24)}${columns.map((n) => String(n).padStart(8)).join('')}`;
}

function skipReasons(module: TestModule): string[] {
  return [...module.children.allTests('skipped')].map((test) => {
    const result = test.result();
    return (
      (result.state === 'skipped' && result.note) || 'not selected, or skipped without a reason'
    );
  });
}
