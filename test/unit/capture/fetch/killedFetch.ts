import { fetchSpool } from '../../../../src/capture/fetch/fetchSpool.ts';
import { LocalSpool, ORIGIN } from './localSpool.ts';

// A fetch in a process of its own that kills itself: killedFetch.ts SPOOL FOLDER BYTES

const [spool = '', folder = '', bytes] = process.argv.slice(2);
await fetchSpool(new LocalSpool(spool), {
  folder,
  origin: ORIGIN,
  verify: true,
  streams: 2,
  signal: new AbortController().signal,
  onProgress: (now) => {
    if (now.bytes >= Number(bytes)) process.kill(process.pid, 'SIGKILL');
  },
});
