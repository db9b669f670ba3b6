import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clients, run } from './clients.ts';
import { makePods } from './many.ts';
import { deletePods } from './pods.ts';
import { record } from './results.ts';

const PODS = 100;
const LIMIT_MS = 2_000;

/** How long tshark takes to list its interfaces, which are then one for each pod: Wireshark waits for it at its start. */
export async function benchExtcap(clients: Clients, rounds: number): Promise<void> {
  const names = Array.from({ length: PODS }, (_, index) => `bench-extcap-${index}`);
  const home = mkdtempSync(join(tmpdir(), 'netdebug-bench-'));
  const own = join(home, 'bin', 'kubectl-netdebug');
  const env = {
    HOME: home,
    XDG_CONFIG_HOME: join(home, '.config'),
    PATH: `${join(home, 'bin')}:${process.env.PATH}`,
  };
  try {
    mkdirSync(join(home, 'bin'));
    symlinkSync(clients.netdebug, own);
    await run(clients, [own, 'extcap', 'install'], { env });
    await makePods(clients, names, ['node-a', 'node-b'], { command: ['sleep', '3600'] });
    const ours: number[] = [];
    // The first run loads the programs into memory.
    for (let round = -1; round < rounds; round++) {
      const { milliseconds, stdout } = await run(clients, ['tshark', '-D'], { keep: true, env });
      const listed = names.filter((name) => stdout.includes(`/${name})`)).length;
      if (listed < PODS) throw new Error(`tshark listed ${listed} of ${PODS} pods\n${stdout}`);
      if (round >= 0) ours.push(milliseconds);
    }
    const goal = { most: LIMIT_MS };
    record({ group: 'Wireshark', name: `tshark -D, ${PODS} pods`, unit: 'ms', ours, goal });
  } finally {
    await deletePods(clients, ['--ignore-not-found', ...names]);
    rmSync(home, { recursive: true });
  }
}
