import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isSelected } from '../../../src/sockets/select.ts';
import { descriptorListing, parseStat, procNetLineParser } from '../../../src/tools/procNet.ts';
import type { Socket } from '../../../src/tools/socket.ts';
import { ssLineParser } from '../../../src/tools/ss.ts';
import { EVERYTHING } from '../sockets/selections.ts';
import { LIVE_SELECTIONS, type LiveOutput } from './liveSelections.ts';
import { socketsIn } from './recordings.ts';
import { asNetstat, internetTruth } from './socketTruth.ts';

const NAMESPACES = ['--net', '--pid', '--fork', '--mount-proc'];
const missing = whatIsMissing();

describe.skipIf(missing !== undefined)(
  `real sockets${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    const live = missing === undefined ? liveOutput() : undefined;

    it.each([...LIVE_SELECTIONS.entries()])(
      'ss and /proc/net agree on %#: %o',
      (index, selection) => {
        const fromSs = socketsIn(live?.ss[index] ?? '', ssLineParser(selection));
        const fromKernel = socketsIn(live?.procNet ?? '', procNetLineParser());
        const isWanted = (socket: Socket) => isSelected(socket, selection);
        // The kernel's tables do not show which listeners accept only IPv6.
        const v6only = new Set(
          socketsIn(live?.ss[0] ?? '', ssLineParser(EVERYTHING))
            .filter(({ dualStack }) => dualStack === false)
            .map(essence),
        );
        const isKnown = (socket: Socket) => selection.ipv6 || !v6only.has(essence(socket));
        expect(v6only.size).toBe(1);
        expect(fromSs.length).toBeGreaterThan(1);
        expect(fromSs.filter(isWanted).map(essence).toSorted()).toEqual(
          fromKernel.filter(isWanted).filter(isKnown).map(essence).toSorted(),
        );
      },
    );

    it('lists the same sockets as netstat', () => {
      const sockets = socketsIn(live?.procNet ?? '', procNetLineParser());
      const internet = sockets.filter(({ protocol }) => protocol !== 'unix');
      expect(internet.map(asNetstat).toSorted()).toEqual(internetTruth(live?.netstat ?? ''));
    });

    it.each(['descriptors', 'descriptorsBusybox'] as const)(
      'finds the same processes as ss (%s)',
      (which) => {
        const names = new Map(
          socketsIn(live?.stat ?? '', parseStat).map(({ pid, name }) => [pid, name]),
        );
        const listing = descriptorListing(names);
        live?.[which].split('\n').forEach(listing.addLine);
        const held = socketsIn(live?.ss[0] ?? '', ssLineParser(EVERYTHING)).filter(
          (socket) => socket.processes !== undefined,
        );
        expect(held.length).toBeGreaterThan(10);
        for (const { inode, processes } of held) {
          expect(listing.owners.get(inode ?? 0)).toEqual(processes);
        }
      },
    );
  },
);

/** The fields of a socket that both sources have. */
function essence(socket: Socket): string {
  const { protocol, type, state, local, peer } = socket;
  return JSON.stringify(
    protocol === 'unix' ? [protocol, type, state, local] : [protocol, state, local, peer],
  );
}

function liveOutput(): LiveOutput {
  const folder = mkdtempSync(join(tmpdir(), 'netdebug-sockets-'));
  try {
    const script = new URL('./liveSockets.ts', import.meta.url).pathname;
    const printed = execFileSync('unshare', [
      ...NAMESPACES,
      process.execPath,
      '--no-warnings',
      script,
      folder,
    ]);
    return JSON.parse(printed.toString());
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function whatIsMissing(): string | undefined {
  for (const program of ['ss', 'ip', 'busybox', 'unshare']) {
    if (spawnSync(program, ['--help']).error !== undefined) {
      return `no ${program} here`;
    }
  }
  const { status, stderr } = spawnSync('unshare', [...NAMESPACES, 'true'], { encoding: 'utf8' });
  return status === 0 ? undefined : `no namespaces of our own: ${stderr.trim()}`;
}
