import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fetchSpool } from '../../../../src/capture/fetch/fetchSpool.ts';
import { LocalSpool, ORIGIN } from './localSpool.ts';

// Fetches to a full disk, then to the same disk with more space: fullDisk.ts SPOOL DISK
// DISK is mounted in a namespace of this process; its contents are visible only here.

const [spool = '', disk = ''] = process.argv.slice(2);
const folder = join(disk, 'out');
const fetch = () =>
  fetchSpool(new LocalSpool(spool), {
    folder,
    origin: ORIGIN,
    verify: 'sha256',
    allowCompression: false,
    streams: 1,
    signal: new AbortController().signal,
  });

const failure = await fetch().then(
  () => 'none',
  (error: Error) => error.message,
);
const kept = readdirSync(folder).map((name) => [name, statSync(join(folder, name)).size]);
execFileSync('mount', ['-o', 'remount,size=64m', disk]);
const { files } = await fetch();
const identical = files.every(({ seq, name = '' }) =>
  readFileSync(join(folder, name)).equals(readFileSync(new LocalSpool(spool).path(seq))),
);
console.log(JSON.stringify({ failure, kept, identical, files: files.length }));
