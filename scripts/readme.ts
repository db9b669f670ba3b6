// Writes the part of docs/usage.md that is made from the code: the table of flags.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withFlagTable } from './packaging/flagTable.ts';
import './textHook.ts';

const path = join(import.meta.dirname, '..', 'docs', 'usage.md');
writeFileSync(path, await withFlagTable(readFileSync(path, 'utf8')));
