import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { parseListing } from '../../../../src/capture/spool/listing.ts';
import { countedByOthers, packetsIn } from './support/packets.ts';
import { EVERYWHERE, Place, until, whatIsMissing } from './support/place.ts';

const missing = whatIsMissing();
const title = `the ring of a recorder${missing === undefined ? '' : ` (skipped: ${missing})`}`;

describe.skipIf(missing !== undefined).concurrent(title, () => {
  let place: Place;
  beforeAll(async () => {
    place = await Place.make();
  });
  afterAll(() => place?.remove());

  it.for(EVERYWHERE)(
    'is bounded, without a gap, and its follower gets every byte: %s in %s',
    async ([engine, shell], { expect }) => {
      const spool = join(place.folder, `ring-${engine}-${shell}`);
      const port = place.nextPort();
      const start = [
        ...['start', `engine=${engine}`, 'device=lo', 'filekb=1000', 'files=6', 'buffer=8192'],
        ...['zroot=1', 'linger=30', 'keep=30', `expression=udp dst port ${port}`],
      ];
      const following = place.follow(shell, `spool=${spool}`, 'poll=0.2', ...start);
      await following.heard(`hello 1 ${engine} lo`);

      const samples: { files: number; largest: number }[] = [];
      const sampling = setInterval(() => samples.push(ringOf(spool)), 100);
      // More than the ring holds, but each portion only after the follower has the one before.
      const [portions, portion] = [7, 1_000];
      const count = portions * portion;
      const received = () =>
        [...following.frames.files.values()]
          .flatMap(({ chunks }) => chunks)
          .reduce((sum, { length }) => sum + length, 0);
      for (let sent = portion; sent <= count; sent += portion) {
        await place.send(port, 1_800, portion, 1_000);
        await until(() => received() >= sent * 1_000, 'it has arrived');
      }
      clearInterval(sampling);
      expect(samples.length).toBeGreaterThan(10);
      expect(Math.max(...samples.map(({ files }) => files))).toBeLessThanOrEqual(
        engine === 'dumpcap' ? 6 : 7,
      );
      expect(Math.max(...samples.map(({ largest }) => largest))).toBeLessThan(1_064_000);

      following.sendSignal();
      const over = await following.heard('over');
      expect(over).toMatch(
        new RegExp(`^over stopped 0 captured=${count} received=\\d+ dropped=0$`),
      );
      expect(following.frames.line('gap')).toBe(undefined);
      const numbers = [...following.frames.files.keys()];
      expect(numbers).toEqual(numbers.map((_, index) => index + 1));
      const all = numbers.flatMap((seq) => packetsIn(following.frames.bytes(seq)));
      expect(all.map(({ number }) => number)).toEqual(
        Array.from({ length: count }, (_, index) => index % portion),
      );
      for (const seq of numbers)
        expect(following.frames.ended.get(seq)).toBe(following.frames.bytes(seq).length);

      const listing = parseListing((await place.run(shell, 'list', `spool=${spool}`)).text);
      const kept = listing?.files ?? [];
      // tcpdump's ring is temporarily smaller if its hook ran late.
      expect(kept.length).toBeLessThanOrEqual(6);
      expect(kept.length).toBeGreaterThanOrEqual(engine === 'dumpcap' ? 6 : 3);
      expect(kept.at(-1)?.seq).toBe(numbers.at(-1));
      expect(kept.every(({ closed }) => closed)).toBe(true);
      expect(listing?.state).toMatchObject({
        ...{ engine, device: 'lo', phase: 'ended', fileKilobytes: 1000, files: 6 },
        ...{
          removed: numbers.length - kept.length,
          end: { why: 'stopped', captured: count, dropped: 0 },
        },
      });
      for (const { seq, name, size } of kept) {
        const file = join(spool, 'ring', name);
        const bytes = readFileSync(file);
        expect(bytes.length).toBe(size);
        expect(bytes.equals(following.frames.bytes(seq))).toBe(true);
        const packets = packetsIn(bytes).length;
        expect(countedByOthers(file)).toEqual({ tcpdump: packets, capinfos: packets });
        expect(statSync(file).mode & 0o077).toBe(0);
      }

      // A client that comes back resumes at any byte, and does not start a new recording.
      const [first] = kept;
      const resumed = place.follow(
        shell,
        ...[`spool=${spool}`, `seq=${first?.seq}`, 'offset=123457', ...start],
      );
      await resumed.heard('over stopped');
      expect([...resumed.frames.files.keys()]).toEqual(kept.map(({ seq }) => seq));
      for (const { seq, name } of kept) {
        const bytes = readFileSync(join(spool, 'ring', name));
        const from = seq === first?.seq ? 123457 : 0;
        expect(resumed.frames.bytes(seq).equals(bytes.subarray(from))).toBe(true);
      }

      following.sendSignal();
      expect(await following.exit).toBe(0);
      expect(() => statSync(spool)).toThrow();
      resumed.leave();
      await resumed.exit;
    },
  );

  it.for(EVERYWHERE)(
    'also begins a new file at a given age: %s in %s',
    async ([engine, shell], { expect }) => {
      const spool = join(place.folder, `age-${engine}-${shell}`);
      const port = place.nextPort();
      const following = place.follow(
        shell,
        ...[
          `spool=${spool}`,
          'start',
          `engine=${engine}`,
          'device=lo',
          'buffer=8192',
          'filekb=1000',
          'age=1',
        ],
        ...['files=10', 'zroot=1', 'linger=30', 'keep=30', `expression=udp dst port ${port}`],
      );
      await following.heard('hello');
      // Two files' worth at once, then a trickle, until some files began because of their age alone.
      let sent = 1_500;
      await place.send(port, 4_000, sent, 1_000);
      await until(async () => {
        await place.send(port, 20, 10, 100);
        sent += 10;
        return following.frames.files.size >= 4;
      }, 'files begin at an age');
      following.sendSignal();
      await following.heard('over stopped');
      const files = [...following.frames.files.keys()].map((seq) =>
        packetsIn(following.frames.bytes(seq)),
      );
      expect(files.flat().length).toBe(sent);
      following.sendSignal();
      expect(await following.exit).toBe(0);
    },
  );

  it.for([
    ['dash', 'dumpcap'],
    ['ash', 'tcpdump'],
  ] as const)(
    'uses a small share of the node’s memory for its buffer: %s, %s',
    async ([shell, engine], { expect }) => {
      const spool = join(place.folder, `greedy-${engine}`);
      const following = place.follow(
        shell,
        ...[`spool=${spool}`, 'start', `engine=${engine}`, 'device=lo', 'filekb=1000', 'files=2'],
        ...['zroot=1', 'buffer=100000000', 'linger=30', 'keep=30'],
      );
      await following.heard('hello');
      const [, kibibytes] =
        /^argv .* -B (\d+) /m.exec(readFileSync(join(spool, 'state'), 'utf8')) ?? [];
      const taken = Number(kibibytes) * (engine === 'dumpcap' ? 1024 : 1);
      // Free memory changes during the test.
      const [, available = '0'] =
        /^MemAvailable: +(\d+)/m.exec(readFileSync('/proc/meminfo', 'utf8')) ?? [];
      expect(taken).toBeGreaterThan(Number(available) / 150);
      expect(taken).toBeLessThan(Number(available) / 70);
      following.sendSignal();
      await following.heard('over stopped 0');
    },
  );

  it.for(['dash', 'ash'] as const)(
    'is read without missing or duplicate packets when files follow each other fast: %s',
    async (shell, { expect }) => {
      const spool = join(place.folder, `fast-${shell}`);
      const port = place.nextPort();
      const following = place.follow(
        shell,
        ...[`spool=${spool}`, 'start', 'engine=dumpcap', 'device=lo', 'filekb=100', 'files=6'],
        ...['buffer=8192', 'linger=30', 'keep=30', `expression=udp dst port ${port}`],
      );
      await following.heard('hello');
      await place.send(port, 4_000, 8_000, 1_000);
      following.sendSignal();
      await following.heard('over stopped 0 captured=8000');
      const { files, lines } = following.frames;
      const gaps = lines
        .filter((line) => line.startsWith('gap'))
        .flatMap((line) => {
          const [, first = 0, last = 0] = line.split(' ').map(Number);
          return Array.from({ length: last - first + 1 }, (_, index) => first + index);
        });
      const seqs = [...files.keys()];
      expect(seqs.length).toBeGreaterThan(6);
      expect(Math.max(...seqs)).toBeGreaterThan(70);
      expect([...seqs, ...gaps].toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: Math.max(...seqs) }, (_, index) => index + 1),
      );
      const numbers = new Map(
        seqs.map((seq) => [
          seq,
          packetsIn(following.frames.bytes(seq)).map(({ number }) => number),
        ]),
      );
      for (const [seq, own] of numbers) {
        const before = numbers.get(seq - 1)?.at(-1);
        const start = before === undefined ? own[0] : before + 1;
        expect(own).toEqual(own.map((_, index) => (start ?? 0) + index));
      }
      expect([...numbers.values()].at(-1)?.at(-1)).toBe(7_999);
      following.sendSignal();
      expect(await following.exit).toBe(0);
    },
  );

  it('begins a new file on an idle link with dumpcap', async ({ expect }) => {
    const spool = join(place.folder, 'idle');
    const bounds = ['age=1', 'files=3', 'expression=udp dst port 1'];
    const words = [`spool=${spool}`, 'start', 'engine=auto', 'device=lo', 'linger=30', ...bounds];
    const following = place.follow('dash', ...words);
    await following.heard('end 3');
    expect(ringOf(spool).files).toBeLessThanOrEqual(3);
    following.sendSignal();
    await following.heard('over');
    following.sendSignal();
    expect(await following.exit).toBe(0);
  });
});

function ringOf(spool: string): { files: number; largest: number } {
  const ring = join(spool, 'ring');
  const names = readdirSync(ring);
  const sizes = names.map(
    (name) => statSync(join(ring, name), { throwIfNoEntry: false })?.size ?? 0,
  );
  return { files: names.length, largest: Math.max(0, ...sizes) };
}
