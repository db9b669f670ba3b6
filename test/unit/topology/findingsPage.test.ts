import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findingsPage } from './support/findingsPage.ts';

const PAGE = join(import.meta.dirname, '..', '..', '..', 'docs', 'findings.md');

it('docs/findings.md lists every kind of finding', async () => {
  await expect(findingsPage()).toMatchFileSnapshot(PAGE);
  expect(readFileSync(PAGE, 'utf8')).toContain('### stale-vtep-mac');
});
