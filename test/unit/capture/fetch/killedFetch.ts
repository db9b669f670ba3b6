import { writeSync } from 'node:fs';
import { fetchSpool } from '../../../../src/capture/fetch/fetchSpool.ts';
import { LocalSpool, ORIGIN } from './localSpool.ts';

// A fetch in its own process, which kills itself: killedFetch.ts SPOOL FOLDER BYTES
// Prints how many bytes of files had arrived before.

const [spool = '', folder = '', bytes] = process.argv.slice(2);
const source = new LocalSpool(spool);
await fetchSpool(source, {
  folder,
  origin: ORIGIN,
  verify: 'sha256',
  streams: 2,
  allowCompression: false,
  signal: new AbortController().signal,
  onProgress: (now) => {
    if (now.bytes < Number(bytes)) return;
    const files = source.commands.filter(({ verb }) => verb === 'copy');
    writeSync(1, String(files.reduce((sum, file) => sum + file.bytes, 0)));
    process.kill(process.pid, 'SIGKILL');
  },
});
