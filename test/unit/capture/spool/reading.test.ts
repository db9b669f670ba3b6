import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { parseListing } from '../../../../src/capture/spool/listing.ts';
import { packetsIn } from './support/packets.ts';
import { EVERYWHERE, Place, type Shell, until, whatIsMissing } from './support/place.ts';

const missing = whatIsMissing();
const title = `reading a spool${missing === undefined ? '' : ` (skipped: ${missing})`}`;
const SHELLS: readonly Shell[] = ['dash', 'ash'];
/** How the files may be compressed, and how they are decompressed. */
const PACKINGS: readonly (readonly [words: string[], unpack: (bytes: Buffer) => Buffer])[] = [
  [[], (bytes) => bytes],
  [['pack=gzip'], gunzipSync],
  [['pack=zstd'], zstdDecompressSync],
];

/** Lines, and the bytes after them. */
function framed(...frames: readonly (readonly [line: string, bytes?: Buffer])[]): Buffer {
  return Buffer.concat(
    frames.flatMap(([line, bytes = Buffer.alloc(0)]) => [Buffer.from(`${line}\n`), bytes]),
  );
}

describe.skipIf(missing !== undefined).concurrent(title, () => {
  let place: Place;
  beforeAll(async () => {
    place = await Place.make();
  });
  afterAll(() => place?.remove());

  it.for(EVERYWHERE)(
    'counts what the ring removed before it was read: %s in %s',
    async ([engine, shell], { expect }) => {
      const spool = join(place.folder, `slow-${engine}-${shell}`);
      const port = place.nextPort();
      const following = place.follow(
        shell,
        ...[`spool=${spool}`, 'start', `engine=${engine}`, 'device=lo', 'filekb=1000', 'files=2'],
        ...['zroot=1', 'buffer=16384', 'linger=3', 'keep=30', `expression=udp port ${port}`],
      );
      await following.heard('hello');
      // The client reads nothing for longer than the recorder lingers, but sends heartbeats.
      following.child.stdout?.pause();
      await place.send(port, 2_000, 6_000, 1_000);
      await wait(2_500);
      following.child.stdout?.resume();
      following.sendSignal();
      expect(await following.heard('over')).toMatch(/^over stopped 0 captured=6000 /);
      const [, first = 0, last = 0] = (await following.heard('gap')).split(' ').map(Number);
      const numbers = [...following.frames.files.keys()];
      const missed = Array.from({ length: last - first + 1 }, (_, index) => first + index);
      expect([...numbers, ...missed].toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: numbers.length + missed.length }, (_, index) => index + 1),
      );
      // What arrived is complete, including the last packet.
      for (const seq of numbers) {
        expect(following.frames.ended.get(seq)).toBe(following.frames.bytes(seq).length);
        packetsIn(following.frames.bytes(seq));
      }
      const end = packetsIn(following.frames.bytes(numbers.at(-1) ?? 0)).at(-1);
      expect(end?.number).toBe(5_999);
      expect(following.frames.whole).toBe(true);
      following.sendSignal();
      expect(await following.exit).toBe(0);
    },
  );

  it.for(SHELLS)(
    "reports the node's uptime at the time when everything had been read: %s",
    async (shell, { expect }) => {
      const spool = join(place.folder, `uptime-${shell}`);
      const following = place.follow(
        shell,
        ...[`spool=${spool}`, 'start', 'device=lo', 'filekb=1000', 'files=2', 'zroot=1'],
        ...['linger=10', 'keep=10', `expression=udp port ${place.nextPort()}`],
      );
      await following.heard('hello');
      const uptime = () => Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
      const before = uptime();
      const reportedTime = () => {
        const states = following.frames.lines.filter((line) => /^state .*behind=0 /.test(line));
        return Number(/ up=(\d+)$/.exec(states.at(-1) ?? '')?.[1]) / 100;
      };
      await until(() => reportedTime() > before, 'it is told');
      expect(reportedTime()).toBeLessThanOrEqual(uptime());
      following.sendSignal();
      await following.heard('over');
      following.sendSignal();
      expect(await following.exit).toBe(0);
    },
  );

  it.for(EVERYWHERE)(
    'returns files, parts of files and checksums while it records: %s in %s',
    async ([engine, shell], { expect }) => {
      const spool = `spool=${join(place.folder, `files-${engine}-${shell}`)}`;
      const port = place.nextPort();
      const following = place.follow(
        shell,
        ...[spool, 'start', `engine=${engine}`, 'device=lo', 'filekb=1000', 'files=4'],
        ...['zroot=1', 'buffer=16384', 'linger=30', 'keep=30', `expression=udp port ${port}`],
      );
      await following.heard('hello');
      await place.send(port, 1_500, 5_000, 1_000);

      const listing = parseListing((await place.run(shell, 'list', spool, 'flush')).text);
      const files = listing?.files ?? [];
      expect(files.length).toBeGreaterThanOrEqual(3);
      expect(files.length).toBeLessThanOrEqual(4);
      expect(files.filter(({ closed }) => !closed)).toEqual([files.at(-1)]);
      const bytes = files.map(({ name }) => readFileSync(join(spool.slice(6), 'ring', name)));
      expect(files.map(({ size }) => size)).toEqual(bytes.map(({ length }) => length));
      expect(packetsIn(bytes.at(-1) ?? Buffer.alloc(0)).at(-1)?.number).toBe(4_999);
      for (const { modified = 0 } of files)
        expect(Math.abs(modified - Date.now() / 1000)).toBeLessThan(60);
      const [first, second] = files.map(({ seq }) => seq);

      const part = await place.run(shell, 'copy', spool, `part=${second}:65537:200001`);
      const middle = bytes[1]?.subarray(65537, 265538) ?? Buffer.alloc(0);
      expect(part.bytes.equals(framed([`data ${second} 65537 200001`, middle], ['over']))).toBe(
        true,
      );
      const absent = ['part=1:0:24', `part=${second}:9:9999999`];
      expect(await place.run(shell, 'copy', spool, ...absent)).toMatchObject({
        ...{ status: 0, text: `gone 1\nshort ${second}\nover\n` },
      });

      const sums = await place.run(shell, 'sum', spool, `seq=${first}`, `seq=${second}`);
      expect(sums.text).toBe(
        [first, second]
          .map(
            (seq, index) =>
              `sum ${seq} ${createHash('sha256')
                .update(bytes[index] ?? '')
                .digest('hex')}\n`,
          )
          .join(''),
      );
      expect((await place.run(shell, 'sum', spool, 'seq=1', `seq=${first}`)).status).toBe(4);

      const whole = files.map(({ seq, size }) => `part=${seq}:0:${size}`);
      const frames = files.map(
        ({ seq, size }, index) =>
          [`data ${seq} 0 ${size}`, bytes[index] ?? Buffer.alloc(0)] as const,
      );
      for (const [words, unpack] of PACKINGS) {
        const copied = await place.run(shell, 'copy', spool, ...whole, ...words);
        expect([copied.status, unpack(copied.bytes).equals(framed(...frames, ['over']))]).toEqual([
          0,
          true,
        ]);
      }

      expect((await place.run(shell, 'stop', spool)).status).toBe(0);
      expect(await following.heard('over stopped')).toMatch(/captured=5000/);
      expect((await place.run(shell, 'remove', spool)).status).toBe(0);
      expect(existsSync(spool.slice(6))).toBe(false);
      following.leave();
      await following.exit;
    },
  );

  it.for(SHELLS)('reports that there is no spool: %s', async (shell, { expect }) => {
    for (const verb of ['list', 'copy', 'sum', 'stop', 'remove'] as const)
      expect(await place.run(shell, verb, `spool=${place.folder}/nothing`)).toMatchObject({
        ...{ status: 3, text: '', errors: 'spool: no spool\n' },
      });
    const following = place.follow(shell, `spool=${place.folder}/nothing`, 'seq=1', 'offset=24');
    expect(await following.exit).toBe(3);
    expect(following.frames.lines).toEqual(['over lost 0']);
  });

  // busybox ash runs its built-in dd, not a program in a folder.
  it('sends the right bytes even if a signal ends the program that seeks to them', async ({
    expect,
  }) => {
    const spool = join(place.folder, 'signalled');
    const port = place.nextPort();
    const recording = place.follow(
      'dash',
      ...[`spool=${spool}`, 'start', 'engine=tcpdump', 'device=lo', 'filekb=1000'],
      ...['zroot=1', 'linger=30', 'keep=30', `expression=udp dst port ${port}`],
    );
    await recording.heard('hello');
    await place.send(port, 200, 50, 100);
    recording.sendSignal();
    await recording.heard('over stopped');
    const bytes = recording.frames.bytes(1);

    for (const which of ['skip=0', 'skip=1500']) {
      const programs = `${spool}-${which}-bin`;
      mkdirSync(programs);
      const once = `case " $* " in *" ${which} "*) mkdir '${programs}/done' && kill -s USR1 $$ ;; esac 2>/dev/null`;
      writeFileSync(join(programs, 'dd'), `#!/bin/sh\n${once}\nexec /usr/bin/dd "$@"\n`, {
        mode: 0o755,
      });
      const resumed = place.followWith(programs, 'dash', `spool=${spool}`, 'seq=1', 'offset=1500');
      await resumed.heard('over stopped');
      expect(existsSync(join(programs, 'done'))).toBe(true);
      expect(resumed.frames.bytes(1).equals(bytes.subarray(1500))).toBe(true);
      resumed.leave();
      await resumed.exit;
    }
    recording.sendSignal();
    expect(await recording.exit).toBe(0);
  });

  // The kernel counts what the script writes, not what its child does.
  it.for(SHELLS)(
    'sends packets while they are recorded if the engine is a script: %s',
    async (shell, { expect }) => {
      const spool = join(place.folder, `script-${shell}`);
      const port = place.nextPort();
      const programs = `${spool}-bin`;
      mkdirSync(programs);
      writeFileSync(join(programs, 'tcpdump'), '#!/bin/sh\n/usr/bin/tcpdump "$@" &\nwait\n', {
        mode: 0o755,
      });
      const following = place.followWith(
        programs,
        shell,
        ...[`spool=${spool}`, 'start', 'engine=tcpdump', 'device=lo', 'filekb=1000', 'files=2'],
        ...['zroot=1', 'poll=0.2', 'linger=30', 'keep=30', `expression=udp dst port ${port}`],
      );
      await following.heard('hello');
      for (const count of [50, 100]) {
        await place.send(port, 200, 50, 100);
        // Each packet has 100 bytes of data and its headers.
        const arrived = () => following.frames.bytes(1).length > count * 100;
        await until(arrived, `${count} packets have arrived`);
      }
      following.sendSignal();
      expect(await following.heard('over stopped')).toMatch(/captured=100/);
      expect(packetsIn(following.frames.bytes(1))).toHaveLength(100);
      following.sendSignal();
      expect(await following.exit).toBe(0);
    },
  );

  it.for(SHELLS)('refuses invalid numbers: %s', async (shell, { expect }) => {
    for (const word of ['part=1:$(touch /tmp/x):1', 'part=1:2', 'part=1:2:3:4', 'part=::', 'seq=x'])
      expect(await place.run(shell, 'copy', `spool=${place.folder}/x`, word)).toMatchObject({
        status: 2,
        text: '',
      });
  });

  it.for(SHELLS)(
    "numbers dumpcap's files correctly after its numbers wrap around: %s",
    async (shell, { expect }) => {
      const spool = join(place.folder, `wrap-${shell}`);
      mkdirSync(join(spool, 'ring'), { recursive: true });
      const names = ['99998', '99999', '00000', '00001'].map(
        (number) => `d_${number}_20261124000000.pcap`,
      );
      for (const name of names) writeFileSync(join(spool, 'ring', name), name);
      // The state of a recorder that has ended.
      const state = {
        ticket: 1,
        pid: 1,
        born: 0,
        engine: 'dumpcap',
        phase: 'ended',
        why: 'stopped',
        end: 1,
      };
      const lines = Object.entries(state).map(([name, value]) => `${name} ${value}\n`);
      writeFileSync(join(spool, 'state'), lines.join(''));
      writeFileSync(join(spool, 'first'), `299997 ring/d_99997_x.pcap 299997\n`);
      writeFileSync(join(spool, 'kept'), '');
      writeFileSync(join(spool, 'lease'), '');
      const listing = parseListing((await place.run(shell, 'list', `spool=${spool}`)).text);
      expect(listing?.files.map(({ seq, name }) => [seq, name])).toEqual(
        names.map((name, index) => [299998 + index, name]),
      );
      const copied = await place.run(shell, 'copy', `spool=${spool}`, 'part=300001:2:5');
      expect(copied.text).toBe('data 300001 2 5\n00001over\n');
    },
  );
});
