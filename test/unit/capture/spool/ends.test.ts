import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { SPOOL_REMOVED } from '../../../../src/capture/detached/captures.ts';
import { type Listing, parseListing } from '../../../../src/capture/spool/listing.ts';
import { packetsIn } from './support/packets.ts';
import { EVERYWHERE, IN_IMAGES, Place, type Shell, until, whatIsMissing } from './support/place.ts';

const missing = whatIsMissing();
const title = `a recording${missing === undefined ? '' : ` (skipped: ${missing})`}`;

describe.skipIf(missing !== undefined).concurrent(title, () => {
  let place: Place;
  beforeAll(async () => {
    place = await Place.make();
  });
  afterAll(() => place?.remove());

  async function listing(shell: Shell, spool: string): Promise<Listing | undefined> {
    return parseListing((await place.run(shell, 'list', `spool=${spool}`)).text);
  }

  /** The end of a recording, once it has ended. */
  async function endOf(shell: Shell, spool: string) {
    let end: Listing['state']['end'];
    await until(async () => {
      end = (await listing(shell, spool))?.state.end;
      return end !== undefined;
    }, 'the recording has ended');
    return end;
  }

  function spoolFor(...names: string[]): string {
    return join(place.folder, names.join('-'));
  }

  it.for(IN_IMAGES)(
    'ends at its count, its duration, its size: %s in %s',
    async ([engine, shell], { expect }) => {
      const port = place.nextPort();
      const ends = await Promise.all(
        (['count=20', 'duration=2', 'maxkb=1500'] as const).map(async (bound) => {
          const spool = spoolFor(bound, engine, shell);
          const words = [
            `engine=${engine}`,
            'device=lo',
            'buffer=8192',
            'filekb=1000',
            'zroot=1',
            'keep=600',
          ];
          place.record(shell, `spool=${spool}`, ...words, bound, `expression=udp port ${port}`);
          // Not `running`: it may be gone again when the shortest recording has ended.
          await until(() => existsSync(join(spool, 'kept')), 'it runs');
          // Until one of them has enough; this does not affect the others. Slowly, because a busy recorder checks late.
          if (bound === 'maxkb=1500')
            await until(async () => {
              await place.send(port, 400, 200, 1_000);
              return (await listing(shell, spool))?.state.end !== undefined;
            }, 'it has ended by its size');
          return { end: await endOf(shell, spool), spool };
        }),
      );
      expect(ends.map(({ end }) => [end?.why, end?.exit])).toEqual([
        ['complete', 0],
        ['duration', 0],
        ['size', 0],
      ]);
      const [complete, , size] = ends.map(({ spool }) => join(spool, 'ring'));
      expect(bytesIn(complete ?? '').flatMap((bytes) => packetsIn(bytes)).length).toBe(20);
      const written = bytesIn(size ?? '').reduce((sum, { length }) => sum + length, 0);
      expect(written).toBeGreaterThan(1_400_000);
      expect(written).toBeLessThan(4_000_000);
      await Promise.all(ends.map(({ spool }) => place.run(shell, 'remove', `spool=${spool}`)));
      for (const { spool } of ends) expect(existsSync(spool)).toBe(false);
    },
  );

  it.for(EVERYWHERE)(
    'ends when nobody renews its lease, and leaves nothing behind: %s in %s',
    async ([engine, shell], { expect }) => {
      const spool = spoolFor('lease', engine, shell);
      const pidFile = `${spool}.pid`;
      // The exec'd process itself is the follower, and is killed, as some runtimes do.
      const reader = place.follower(shell, pidFile, [
        ...[`spool=${spool}`, 'start', `engine=${engine}`, 'device=lo', 'age=1', 'files=3'],
        ...['zroot=1', 'linger=2', 'keep=6', 'expression=udp port 1'],
      ]);
      await reader.heard('hello');
      place.kill('KILL', Number(readFileSync(pidFile, 'utf8')));
      await reader.exit;
      const { phase, end } = (await listing(shell, spool))?.state ?? {};
      // It lingers, unless this check was late.
      if (phase !== 'recording') expect(end?.why).toBe('lease');
      await until(() => !existsSync(spool), 'the spool is removed');
      await until(() => place.processes(spool).length === 0, 'nothing runs');
      await until(() => place.zombies().length === 0, 'no zombie is left');
    },
  );

  it.for(EVERYWHERE)(
    'ends on a full disk, and can still report it: %s in %s',
    async ([engine, shell], { expect }) => {
      const spool = join(place.smallDisk(`${engine}-${shell}`), 'spool');
      const port = place.nextPort();
      const following = place.follow(
        shell,
        ...[`spool=${spool}`, 'start', `engine=${engine}`, 'device=lo', 'filekb=1000', 'files=9'],
        ...['zroot=1', 'buffer=8192', 'linger=60', 'keep=60', 'floorkb=1'],
        `expression=udp port ${port}`,
      );
      await following.heard('hello');
      await place.send(port, 2_500, 4_000, 1_000);
      expect(await following.heard('over')).toMatch(/^over full \d/);
      const numbers = [...following.frames.files.keys()];
      expect(numbers).toEqual([1, 2, 3, 4]);
      // Everything that fitted has arrived, in order, from the first packet on.
      const whole = numbers.slice(0, -1).flatMap((seq) => packetsIn(following.frames.bytes(seq)));
      expect(whole.map(({ number }) => number)).toEqual([...whole.keys()]);
      const { state, freeKibibytes } = (await listing(shell, spool)) ?? {};
      expect(state?.end?.why).toBe('full');
      expect(freeKibibytes).toBe(0);
      following.sendSignal();
      expect(await following.exit).toBe(0);
    },
  );

  it.for(IN_IMAGES)(
    'ends when little free space is left: %s in %s',
    async ([engine, shell], { expect }) => {
      const spool = spoolFor('floor', engine, shell);
      const words = [`engine=${engine}`, 'device=lo', 'zroot=1', 'floorkb=99999999999', 'keep=60'];
      const recorder = place.record(shell, `spool=${spool}`, ...words);
      await until(() => existsSync(join(spool, 'kept')), 'it runs');
      expect(await endOf(shell, spool)).toMatchObject({ why: 'floor' });
      await place.run(shell, 'remove', `spool=${spool}`);
      expect(recorder.exitCode ?? (await once(recorder, 'exit'))[0]).toBe(SPOOL_REMOVED);
    },
  );

  it.for(['dash', 'ash'] as const)(
    'has every packet that arrived before its stop, however late tcpdump reads it: %s',
    async (shell, { expect }) => {
      const spool = spoolFor('late', shell);
      const port = place.nextPort();
      place.record(
        shell,
        ...[`spool=${spool}`, 'engine=tcpdump', 'device=lo', 'zroot=1', 'keep=60'],
        `expression=udp port ${port}`,
      );
      await until(
        async () => (await listing(shell, spool))?.state.phase === 'recording',
        'it runs',
      );
      const engine = Number(
        /^enginepid (\d+)$/m.exec(readFileSync(join(spool, 'state'), 'utf8'))?.[1],
      );
      // As on a machine that gives the engine no processor time.
      place.kill('STOP', engine);
      await place.send(port, 1_000, 20, 100);
      const stopped = place.run(shell, 'stop', `spool=${spool}`);
      await wait(2_500);
      place.kill('CONT', engine);
      expect((await stopped).status).toBe(0);
      expect((await listing(shell, spool))?.state.end).toMatchObject({
        why: 'stopped',
        exit: 0,
        captured: 20,
      });
      const [recorded] = bytesIn(join(spool, 'ring'));
      expect(packetsIn(recorded ?? Buffer.alloc(0)).length).toBe(20);
      await place.run(shell, 'remove', `spool=${spool}`);
    },
  );

  it.for(IN_IMAGES)(
    "passes on the engine's error message: %s in %s",
    async ([engine, shell], { expect }) => {
      for (const [wrong, complaint] of [
        ['expression=host and', /syntax error/],
        ['device=nope', /nope/],
      ] as const) {
        const spool = spoolFor('wrong', wrong.slice(0, 6), engine, shell);
        const device = wrong.startsWith('device') ? [] : ['device=lo'];
        const following = place.follow(
          shell,
          ...[`spool=${spool}`, 'start', `engine=${engine}`, 'zroot=1', 'linger=9', 'keep=9'],
          ...[...device, wrong],
        );
        expect(await following.heard('over')).toMatch(/^over engine [1-9]/);
        expect(following.frames.lines.filter((line) => line.startsWith('hello'))).toEqual([]);
        expect(following.frames.lines.filter((line) => complaint.test(line))).not.toEqual([]);
        following.sendSignal();
        expect(await following.exit).toBe(0);
        expect(existsSync(spool)).toBe(false);
      }
    },
  );

  it.for(IN_IMAGES)(
    'ends with its container, and is not started again: %s in %s',
    async ([engine, shell], { expect }) => {
      const spool = spoolFor('term', engine, shell);
      const words = [`spool=${spool}`, `engine=${engine}`, 'device=lo', 'zroot=1'];
      const recorder = place.record(shell, ...words);
      await until(
        async () => (await listing(shell, spool))?.state.phase === 'recording',
        'it runs',
      );
      place.kill('TERM', pidOf(spool));
      // Not the code of a removed spool: this is how a kubelet ends containers.
      expect((await once(recorder, 'exit'))[0]).toBe(143);
      // As on a volume: the files and the reason of the end remain.
      const before = await listing(shell, spool);
      expect(before?.state.end?.why).toBe('ended');
      expect(before?.files.length).toBe(1);
      const again = place.record(shell, ...words, 'notafter=1000');
      expect((await once(again, 'exit'))[0]).toBe(75);
      expect(await listing(shell, spool)).toEqual({
        ...before,
        freeKibibytes: expect.any(Number),
        tools: expect.any(Set),
      });
      const elsewhere = place.record(shell, `spool=${spool}-other`, 'device=lo', 'notafter=1000');
      expect((await once(elsewhere, 'exit'))[0]).toBe(75);
      expect(existsSync(`${spool}-other`)).toBe(false);
      expect((await place.run(shell, 'remove', `spool=${spool}`)).status).toBe(0);
      expect(existsSync(spool)).toBe(false);
    },
  );

  it.for(IN_IMAGES)(
    'counts as interrupted if its recorder was killed: %s in %s',
    async ([engine, shell], { expect }) => {
      const spool = spoolFor('killed', engine, shell);
      const words = [`engine=${engine}`, 'device=lo', 'zroot=1', 'linger=30', 'keep=30'];
      const following = place.follow(shell, `spool=${spool}`, 'start', ...words);
      await following.heard('hello');
      place.kill('KILL', pidOf(spool));
      expect(await following.heard('over')).toBe('over interrupted 137');
      await until(() => place.engines(spool).length === 0, 'its engine has ended');
      const refused = place.record(shell, `spool=${spool}`, 'device=lo');
      expect((await once(refused, 'exit'))[0]).toBe(75);
      expect((await listing(shell, spool))?.state.end?.why).toBe('interrupted');
      following.sendSignal();
      expect(await following.exit).toBe(0);
      expect(existsSync(spool)).toBe(false);
    },
  );

  // Other shells may have a built-in sleep.
  it.for(['dumpcap', 'tcpdump'] as const)(
    'waits for the last packets when it is stopped, but not when it is removed: %s',
    async (engine, { expect }) => {
      const shell = 'dash';
      const spool = spoolFor('unwanted', engine);
      const words = [`spool=${spool}`, 'start', `engine=${engine}`, 'device=lo', 'zroot=1'];
      for (const verb of ['stop', 'remove'] as const) {
        const naps = napsIn(`${spool}-${verb}`);
        const following = place.followWith(naps.folder, shell, ...words, 'linger=30', 'keep=30');
        await following.heard('hello');
        expect((await place.run(shell, verb, `spool=${spool}`)).status).toBe(0);
        const settled = naps.taken().some((nap) => nap === '0.6' || nap === '1.1');
        expect(settled, verb).toBe(verb === 'stop');
        following.leave();
        await following.exit;
        if (verb === 'stop') await place.run(shell, 'remove', `spool=${spool}`);
        expect(existsSync(spool)).toBe(false);
      }
    },
  );

  it.for(['dash', 'ash'] as const)(
    'replaces a silent dumpcap that ignores TERM with tcpdump, and leaves neither behind: %s',
    async (shell, { expect }) => {
      const spool = spoolFor('mute', shell);
      const programs = hungProgram(`${spool}-bin`, 'dumpcap', spool);
      const words = [`spool=${spool}`, 'start', 'device=lo', 'zroot=1', 'linger=30', 'keep=30'];
      const following = place.followWith(programs, shell, ...words);
      await following.heard('starting');
      await until(() => existsSync(`${programs}/started`), 'the hung engine was started');
      expect(await following.heard('hello')).toBe('hello 1 tcpdump lo');
      // A sign of life each second, because the client does not wait long without one.
      expect(following.frames.lines.filter((line) => line === 'starting').length).toBeGreaterThan(
        5,
      );
      expect(hung(spool)).toEqual([]);
      following.sendSignal();
      expect(await following.heard('over')).toMatch(/^over stopped 0/);
      following.sendSignal();
      expect(await following.exit).toBe(0);
      await until(() => place.processes(spool).length === 0, 'nothing runs');
    },
  );

  it.for(['dash', 'ash'] as const)(
    'with a hanging engine ends soon when it is removed before it began: %s',
    async (shell, { expect }) => {
      const spool = spoolFor('untold', shell);
      const programs = hungProgram(`${spool}-bin`, 'dumpcap', spool);
      const words = [`spool=${spool}`, 'start', 'engine=dumpcap', 'linger=30', 'keep=30'];
      const following = place.followWith(programs, shell, ...words);
      await until(() => hung(spool).length > 0, 'the hung engine runs');
      expect((await place.run(shell, 'remove', `spool=${spool}`)).status).toBe(0);
      expect(existsSync(spool)).toBe(false);
      expect(hung(spool)).toEqual([]);
      following.leave();
      await following.exit;
    },
  );

  it.for(['dash', 'ash'] as const)(
    'with a hanging engine ends soon when its follower is asked to end it: %s',
    async (shell, { expect }) => {
      const spool = spoolFor('nudged', shell);
      const programs = hungProgram(`${spool}-bin`, 'dumpcap', spool);
      const words = [`spool=${spool}`, 'start', 'engine=dumpcap', 'linger=60', 'keep=60'];
      const following = place.followWith(programs, shell, ...words);
      await following.heard('starting');
      await until(() => hung(spool).length > 0, 'the hung engine runs');
      // Once: a follower that ends a recording before its begin does not wait for an acknowledgment.
      following.sendSignal();
      await until(() => !existsSync(spool), 'the spool is removed');
      expect(hung(spool)).toEqual([]);
      // It may have seen the end before the spool was removed; then it waits for an acknowledgment.
      following.sendSignal();
      expect([0, 3]).toContain(await following.exit);
    },
  );

  it.for(['dash', 'ash'] as const)(
    'is removed if its client asks it to stop and leaves before it began: %s',
    async (shell, { expect }) => {
      const moments: Record<string, (spool: string) => boolean> = {
        'the follower runs': () => true,
        'the engine hangs': (spool) => hung(spool).length > 0,
      };
      for (const [index, [moment, isReached]] of Object.entries(moments).entries()) {
        const spool = spoolFor('asked', shell, String(index));
        const programs = hungProgram(`${spool}-bin`, 'dumpcap', spool);
        const words = [`spool=${spool}`, 'start', 'engine=dumpcap', 'linger=600', 'keep=600'];
        const following = place.follower(shell, `${spool}.pid`, words, programs);
        await following.heard('starting');
        await until(() => isReached(spool), moment);
        endAtOnce(`${spool}.pid`);
        await following.exit;
        await until(() => place.processes(spool).length === 0, 'nothing runs');
        expect(existsSync(spool)).toBe(false);
      }
    },
  );

  it.for(['dash', 'ash'] as const)(
    'is removed if its client leaves before it has heard that it began: %s',
    async (shell, { expect }) => {
      for (const delay of [0, 40, 80, 120]) {
        const spool = spoolFor('unheard', shell, String(delay));
        const words = [`spool=${spool}`, 'start', 'engine=tcpdump', 'device=lo', 'zroot=1'];
        const kept = ['linger=600', 'keep=600'];
        const following = place.follower(shell, `${spool}.pid`, [...words, ...kept]);
        await following.heard('starting');
        await wait(delay);
        endAtOnce(`${spool}.pid`);
        await following.exit;
        if (following.frames.line('hello') !== undefined)
          await place.run(shell, 'remove', `spool=${spool}`);
        await until(() => place.processes(spool).length === 0, 'nothing runs');
        expect(existsSync(spool)).toBe(false);
      }
    },
  );

  it.for(['dash', 'ash'] as const)(
    'is not reported to have begun if it began just after the request to end it: %s',
    async (shell, { expect }) => {
      const spool = spoolFor('crossed', shell);
      const programs = lateProgram(`${spool}-bin`, 'tcpdump', spool);
      const words = [`spool=${spool}`, 'start', 'engine=tcpdump', 'device=lo', 'zroot=1'];
      const following = place.followWith(programs, shell, ...words, 'linger=600', 'keep=600');
      await until(() => hung(spool).length > 0, 'the engine runs');
      const recorder = pidOf(spool);
      // The engine begins, the follower is asked to end it, and only then does the recorder notice the beginning.
      place.kill('STOP', recorder);
      writeFileSync(`${programs}/begin`, '');
      const written = join(spool, 'ring', 't');
      await until(() => existsSync(written) && statSync(written).size > 0, 'the engine has begun');
      following.sendSignal();
      await until(() => !existsSync(join(spool, 'kept')), 'the follower has acted on the request');
      place.kill('CONT', recorder);
      expect(await following.heard('over')).toBe('over lost 0');
      expect(following.frames.line('hello')).toBeUndefined();
      await until(() => place.processes(spool).length === 0, 'nothing runs');
      expect(existsSync(spool)).toBe(false);
    },
  );

  it.for(['dash', 'ash'] as const)(
    'is removed if it is ended together with the follower that started it, so that another can start one: %s',
    async (shell, { expect }) => {
      const spool = spoolFor('together', shell);
      const programs = hungProgram(`${spool}-bin`, 'dumpcap', spool);
      const words = [`spool=${spool}`, 'start', 'engine=dumpcap', 'linger=600', 'keep=600'];
      const following = place.follower(shell, `${spool}.pid`, words, programs);
      await following.heard('starting');
      // The follower has seen the recorder, and renews its lease.
      const changed = (name: string) => statSync(join(spool, name)).mtimeMs;
      await until(() => hung(spool).length > 0, 'the engine hangs');
      await until(() => changed('lease') > changed('seen'), 'the lease is renewed');
      place.kill('TERM', pidOf(spool));
      expect(await following.heard('over')).toBe('over lost 0');
      expect(following.frames.line('hello')).toBeUndefined();
      await until(() => place.processes(spool).length === 0, 'nothing runs');
      expect(existsSync(spool)).toBe(false);
    },
  );

  it.for(['dash', 'ash'] as const)(
    'is kept if a stop arrives after its end, while its files are copied: %s',
    async (shell, { expect }) => {
      const spool = spoolFor('copied', shell);
      const words = [`spool=${spool}`, 'start', 'seq=999999999', 'engine=tcpdump', 'device=lo'];
      const following = place.follow(shell, ...words, 'zroot=1', 'duration=1', 'keep=600');
      await following.heard('over');
      following.sendSignal();
      await wait(1_500);
      expect((await listing(shell, spool))?.files.length).toBe(1);
      following.leave();
      await following.exit;
      expect(existsSync(spool)).toBe(true);
      await place.run(shell, 'remove', `spool=${spool}`);
    },
  );

  it.for(['dash', 'ash'] as const)(
    'whose engine never writes ends after its duration, with a message: %s',
    async (shell, { expect }) => {
      const spool = spoolFor('never', shell);
      const programs = hungProgram(`${spool}-bin`, 'tcpdump', spool);
      const words = [`spool=${spool}`, 'start', 'engine=tcpdump', 'linger=60', 'keep=30'];
      const following = place.followWith(programs, shell, ...words, 'duration=1');
      expect(await following.heard('log')).toMatch(/^log tcpdump: has written nothing/);
      expect(await following.heard('over')).toMatch(/^over engine 1/);
      expect(hung(spool)).toEqual([]);
      following.sendSignal();
      expect(await following.exit).toBe(0);
    },
  );

  it.for(['dash', 'ash'] as const)(
    'starts even if an earlier recorder was killed before it began: %s',
    async (shell, { expect }) => {
      const spool = spoolFor('stillborn', shell);
      mkdirSync(join(spool, 'ring'), { recursive: true });
      const words = [`spool=${spool}`, 'start', 'engine=tcpdump', 'device=lo', 'zroot=1'];
      const following = place.follow(shell, ...words, 'linger=30', 'keep=30');
      expect(await following.heard('hello')).toBe('hello 1 tcpdump lo');
      following.sendSignal();
      await following.heard('over stopped');
      following.sendSignal();
      expect(await following.exit).toBe(0);
      expect(existsSync(spool)).toBe(false);
    },
  );

  it.for(['dash', 'ash'] as const)(
    'continues when its follower ends right after the start: %s',
    async (shell, { expect }) => {
      const spool = spoolFor('left', shell);
      const words = [`spool=${spool}`, 'start', 'engine=tcpdump', 'device=lo', 'zroot=1'];
      const first = place.follow(shell, ...words, 'linger=30', 'keep=30');
      await until(() => existsSync(spool), 'it begins');
      first.leave();
      await first.exit;
      const second = place.follow(shell, ...words, 'linger=30', 'keep=30');
      expect(await second.heard('hello')).toBe('hello 1 tcpdump lo');
      second.sendSignal();
      await second.heard('over stopped');
      second.sendSignal();
      expect(await second.exit).toBe(0);
    },
  );

  it('reports why a spool cannot be created', async ({ expect }) => {
    const following = place.follow('dash', `spool=${place.folder}/none/spool`, 'start');
    expect(await following.heard('log')).toMatch(/mkdir: .*No such file or directory/);
    expect(await following.heard('over')).toBe('over nospool 1');
    expect(await following.exit).toBe(1);
  });

  it.for(['dash', 'ash'] as const)(
    'keeps its log short, including its beginning: %s',
    async (shell, { expect }) => {
      const spool = spoolFor('log', shell);
      place.record(
        shell,
        ...[`spool=${spool}`, 'engine=tcpdump', 'device=lo', 'zroot=1', 'keep=30'],
        'expression=udp port 1',
      );
      const log = join(spool, 'log');
      await until(() => existsSync(log) && statSync(log).size > 0, 'the engine has spoken');
      // Output of a talkative engine.
      const line = `${'chatter '.repeat(10)}\n`;
      writeFileSync(log, line.repeat(2_000), { flag: 'a' });
      await until(() => statSync(log).size < 32_768, 'the log is short');
      expect(readFileSync(join(spool, 'log.begin'), 'utf8')).toMatch(/^tcpdump: listening on lo/);
      await place.run(shell, 'stop', `spool=${spool}`);
      expect((await listing(shell, spool))?.state.end).toMatchObject({
        why: 'stopped',
        dropped: 0,
      });
      await place.run(shell, 'remove', `spool=${spool}`);
    },
  );

  it('changes nothing in a folder that is not a spool', async ({ expect }) => {
    const folder = spoolFor('foreign');
    mkdirSync(folder);
    writeFileSync(join(folder, 'precious'), 'x');
    for (const verb of ['list', 'stop', 'remove', 'record'])
      expect((await place.run('dash', verb, `spool=${folder}`)).status).toBeGreaterThan(0);
    expect(readdirSync(folder)).toEqual(['precious']);
  });

  /** Processes of a program that `hungProgram` made. */
  function hung(spool: string): string[] {
    return place.commands(`${spool}-hung`);
  }

  /** Sends a follower the signals that its lease sends when the client asks to stop and leaves. */
  function endAtOnce(pidFile: string): void {
    const pid = readFileSync(pidFile, 'utf8').trim();
    place.runWithin(['sh', '-c', 'kill -USR1 "$1"; kill -TERM "$1"', 'kill', pid]);
  }

  function pidOf(spool: string): number {
    return Number(/^pid (\d+)$/m.exec(readFileSync(join(spool, 'state'), 'utf8'))?.[1]);
  }
});

/** A folder with a sleep that records how long it was asked to sleep. */
function napsIn(folder: string) {
  mkdirSync(folder);
  const taken = join(folder, 'taken');
  const program = join(folder, 'sleep');
  writeFileSync(taken, '');
  writeFileSync(program, `#!/bin/sh\necho "$1" >>${taken}\nexec /bin/sleep "$1"\n`);
  chmodSync(program, 0o755);
  return { folder, taken: () => readFileSync(taken, 'utf8').split('\n') };
}

/** A folder with a program that prints nothing and, like its child, ignores TERM. */
function hungProgram(folder: string, name: string, spool: string): string {
  mkdirSync(folder);
  const script = `#!/bin/sh\ntrap '' TERM INT HUP\ntrue >${folder}/started\nsh -c 'while :; do sleep 1; done' ${spool}-hung\n`;
  writeFileSync(join(folder, name), script);
  chmodSync(join(folder, name), 0o755);
  return folder;
}

/** The same, but once the file `begin` is in its folder, the program writes to the first file of tcpdump's ring. */
function lateProgram(folder: string, name: string, spool: string): string {
  mkdirSync(folder);
  const loop = `while :; do sleep 0.1; [ ! -e ${folder}/begin ] || [ -s ring/t ] || echo packets >ring/t; done`;
  const script = `#!/bin/sh\ntrap '' TERM INT HUP\nsh -c '${loop}' ${spool}-hung\n`;
  writeFileSync(join(folder, name), script);
  chmodSync(join(folder, name), 0o755);
  return folder;
}

function bytesIn(ring: string): Buffer[] {
  return readdirSync(ring).map((name) => readFileSync(join(ring, name)));
}
