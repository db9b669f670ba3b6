import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };

const root = join(import.meta.dirname, '..', '..');
const folder = join(root, '.github', 'workflows');

interface Workflow {
  readonly name: string;
  readonly on: object;
  readonly permissions: object;
  readonly jobs: Record<
    string,
    {
      /** Another workflow, instead of steps. */
      uses?: string;
      'runs-on'?: string;
      needs?: string;
      steps?: { uses?: string; run?: string }[];
    }
  >;
}

describe.each(readdirSync(folder))('the workflow %s', (file) => {
  const workflow = load(readFileSync(join(folder, file), 'utf8')) as Workflow;
  const jobs = Object.values(workflow.jobs);
  const steps = jobs.flatMap((job) => job.steps ?? []);
  const scripts = steps.flatMap(({ run }) => run ?? []);

  it('has the structure of a workflow', () => {
    expect(Object.keys(workflow)).toEqual(['name', 'on', 'permissions', 'jobs']);
    for (const job of jobs) {
      if (job.uses === undefined) expect(job['runs-on']).toMatch(/^ubuntu-/);
      else expect(existsSync(join(root, job.uses)), job.uses).toBe(true);
      expect(job.needs === undefined || job.needs in workflow.jobs).toBe(true);
    }
    for (const { uses, run } of steps) {
      expect(uses === undefined).not.toBe(run === undefined);
      expect(uses ?? 'a/b@v1').toMatch(/^[\w.-]+\/[\w.-]+@v[\d.]+$/);
    }
  });

  it('runs only existing files', () => {
    const text = scripts.join('\n');
    for (const [path] of text.matchAll(/(?<![\w/])scripts\/[\w.-]+/g))
      expect(existsSync(join(root, path)), path).toBe(true);
    for (const [, name = ''] of text.matchAll(/npm run ([\w:]+)/g))
      expect(packageJson.scripts).toHaveProperty([name]);
  });

  it.runIf(spawnSync('shellcheck', ['--version']).status === 0)('has valid shell code', () => {
    for (const script of scripts) {
      // A value that GitHub inserts is treated as a plain word.
      const input = `#!/bin/bash\n${script.replaceAll(/\$\{\{.*?\}\}/g, 'word')}`;
      execFileSync('shellcheck', ['-'], { input, stdio: ['pipe', 'inherit', 'inherit'] });
    }
  });
});
