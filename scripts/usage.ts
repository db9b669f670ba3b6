// Writes the generated part of docs/usage.md from the declarations of the commands.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withUsage } from './packaging/usagePage.ts';
import './textHook.ts';

const path = join(import.meta.dirname, '..', 'docs', 'usage.md');
writeFileSync(path, await withUsage(readFileSync(path, 'utf8')));
