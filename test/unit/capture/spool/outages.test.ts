import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { parseListing } from '../../../../src/capture/spool/listing.ts';
import { countedByOthers } from './support/packets.ts';
import { EVERYWHERE, IN_IMAGES, Place, type Shell, until, whatIsMissing } from './support/place.ts';

const missing = whatIsMissing();
const title = `a recording of an interface that comes and goes${missing === undefined ? '' : ` (skipped: ${missing})`}`;

describe.skipIf(missing !== undefined).concurrent(title, () => {
  let place: Place;
  let interfaces = 0;
  beforeAll(async () => {
    place = await Place.make();
  });
  afterAll(() => place?.remove());

  async function listing(shell: Shell, spool: string) {
    return parseListing((await place.run(shell, 'list', `spool=${spool}`)).text);
  }

  /** An interface with its own address; packets sent to its network appear on it. */
  function newInterface() {
    interfaces += 1;
    const net = `10.77.${interfaces}`;
    const name = `net${interfaces}`;
    const run = (text: string) =>
      place.runWithin(['sh', '-ec', text, 'interface', name, net, `${name}p`]);
    return {
      name,
      add: () =>
        run(
          'ip link add "$1" type veth peer name "$3" && ip link set "$3" up && ip addr add "$2.1/24" dev "$1" && ip link set "$1" up',
        ),
      remove: () => run('ip link del "$1"'),
      send: (count: number) =>
        run(
          `for i in $(seq ${count}); do printf hello | socat -u - "udp4-datagram:$2.255:9,broadcast"; done`,
        ),
    };
  }

  const words = (spool: string, device: string, engine: string) => [
    ...[`spool=${spool}`, `engine=${engine}`, `device=${device}`, 'filekb=1000', 'files=3'],
    ...['zroot=1', 'keep=60', 'expression=udp port 9'],
  ];

  it.for(EVERYWHERE)(
    'waits for it and continues in a new file: %s in %s',
    async ([engine, shell], { expect }) => {
      const net = newInterface();
      net.add();
      const spool = join(place.folder, `outage-${engine}-${shell}`);
      const following = place.follow(
        shell,
        ...['start', 'linger=60', ...words(spool, net.name, engine)],
      );
      await following.heard('hello');
      net.send(3);
      const removedAt = Math.floor(Date.now() / 1000);
      net.remove();
      const [, from, open, last, lost] = (await following.heard('outage')).split(' ');
      expect([open, last]).toEqual(['-', '1']);
      // tcpdump counts the packets that it had not read; dumpcap does not.
      expect(lost).toMatch(engine === 'tcpdump' ? /^\d+$/ : /^-$/);
      const lostCount = lost === '-' ? {} : { lost: Number(lost) };
      expect(Number(from)).toBeGreaterThanOrEqual(removedAt);
      expect(Number(from)).toBeLessThanOrEqual(Date.now() / 1000);
      const during = await listing(shell, spool);
      expect(during?.state.phase).toBe('waiting');
      expect(during?.state.outages).toEqual([{ from: Number(from), afterFile: 1, ...lostCount }]);
      net.add();
      await following.heard(`outage ${from} 1`);
      net.send(4);
      await until(async () => {
        const sizes = (await listing(shell, spool))?.files.map(({ size }) => size) ?? [];
        return sizes.length === 2 && (sizes[1] ?? 0) > 24 + 4 * 40;
      }, 'the second file has packets');
      following.sendSignal();
      expect(await following.heard('over')).toMatch(
        /^over stopped 0 captured=\d+ received=\d+ dropped=0$/,
      );
      const after = await listing(shell, spool);
      expect(after?.state.outages).toEqual([
        { from: Number(from), to: expect.any(Number), afterFile: 1, ...lostCount },
      ]);
      const files = (after?.files ?? []).map(({ name }) => join(spool, 'ring', name));
      const counts = files.map((file) => countedByOthers(file));
      expect(counts.map(({ tcpdump }) => tcpdump).at(1)).toBe(4);
      // Packets still in the kernel when the interface disappeared are lost, and counted if possible.
      if (engine === 'tcpdump') expect((counts.at(0)?.tcpdump ?? 0) + Number(lost)).toBe(3);
      else expect(counts.at(0)?.tcpdump).toBeLessThanOrEqual(3);
      expect([...following.frames.ended.keys()]).toEqual([1, 2]);
      expect(following.frames.bytes(2)).toEqual(readFileSync(files[1] ?? ''));
      following.sendSignal();
      expect(await following.exit).toBe(0);
    },
  );

  it.for(IN_IMAGES)(
    'keeps no more files than requested, however often it comes back: %s in %s',
    async ([engine, shell], { expect }) => {
      const net = newInterface();
      net.add();
      const spool = join(place.folder, `often-${engine}-${shell}`);
      place.record(shell, ...words(spool, net.name, engine));
      const state = async () => (await listing(shell, spool))?.state;
      await until(async () => (await state())?.phase === 'recording', 'it records');
      for (let round = 1; round <= 4; round++) {
        net.remove();
        await until(async () => (await state())?.phase === 'waiting', 'it waits');
        net.add();
        await until(async () => (await state())?.phase === 'recording', 'it records again');
      }
      await until(() => readdirSync(join(spool, 'ring')).length <= 3, 'old files are removed');
      const { files, state: now } = (await listing(shell, spool)) ?? {};
      expect(files?.map(({ seq }) => seq)).toEqual([3, 4, 5]);
      expect(now?.outages.map(({ afterFile }) => afterFile)).toEqual([1, 2, 3, 4]);
      await place.run(shell, 'remove', `spool=${spool}`);
    },
  );

  it.for(IN_IMAGES)(
    'ends normally while it is missing: %s in %s',
    async ([engine, shell], { expect }) => {
      const net = newInterface();
      net.add();
      const spool = join(place.folder, `away-${engine}-${shell}`);
      place.record(shell, ...words(spool, net.name, engine), 'maxkb=5000');
      const state = async () => (await listing(shell, spool))?.state;
      await until(async () => (await state())?.phase === 'recording', 'it records');
      net.remove();
      await until(async () => (await state())?.phase === 'waiting', 'it waits');
      expect((await place.run(shell, 'stop', `spool=${spool}`)).status).toBe(0);
      const end = await state();
      expect(end?.end).toMatchObject({ why: 'stopped', captured: 0, dropped: 0 });
      expect(end?.outages).toMatchObject([{ from: expect.any(Number), afterFile: 1 }]);
      await place.run(shell, 'remove', `spool=${spool}`);
    },
  );

  it.for(IN_IMAGES)(
    'ends when its engine is killed, with an unknown number of dropped packets: %s in %s',
    async ([engine, shell], { expect }) => {
      const spool = join(place.folder, `killed-${engine}-${shell}`);
      const recorder = place.record(shell, ...words(spool, 'lo', engine), 'maxkb=5000');
      const state = async () => (await listing(shell, spool))?.state;
      await until(async () => (await state())?.phase === 'recording', 'it records');
      const pid = /^enginepid (\d+)$/m.exec(readFileSync(join(spool, 'state'), 'utf8'))?.[1];
      place.kill('KILL', Number(pid));
      await until(async () => (await state())?.phase === 'ended', 'it ends');
      const { end } = (await state()) ?? {};
      expect(end).toMatchObject({ why: 'engine', exit: 137 });
      expect(end?.dropped).toBeUndefined();
      await place.run(shell, 'remove', `spool=${spool}`);
      recorder.kill();
    },
  );

  // busybox ash runs its built-in tr, not a program in a folder.
  it.for(EVERYWHERE.filter(([, shell]) => shell === 'dash'))(
    'does not kill an engine that it ends right after the start: %s in %s',
    async ([engine, shell], { expect }) => {
      const spool = join(place.folder, `soon-${engine}-${shell}`);
      // The last program that runs before the engine removes the file `wanted`.
      const programs = `${spool}-bin`;
      mkdirSync(programs);
      writeFileSync(join(programs, 'tr'), '#!/bin/sh\nrm wanted\nexec /usr/bin/tr "$@"\n');
      chmodSync(join(programs, 'tr'), 0o755);
      const following = place.followWith(
        programs,
        shell,
        ...['start', 'linger=60', ...words(spool, 'lo', engine)],
      );
      expect(await following.heard('over')).toMatch(/^over stopped (0|143)/);
      following.sendSignal();
      expect(await following.exit).toBe(0);
    },
  );
});
