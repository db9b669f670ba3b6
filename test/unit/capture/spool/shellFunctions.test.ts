import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import begin from '../../../../src/capture/spool/parts/begin.sh';
import engine from '../../../../src/capture/spool/parts/engine.sh';
import log from '../../../../src/capture/spool/parts/log.sh';
import numbers from '../../../../src/capture/spool/parts/numbers.sh';
import options from '../../../../src/capture/spool/parts/options.sh';
import processes from '../../../../src/capture/spool/parts/processes.sh';
import read from '../../../../src/capture/spool/parts/read.sh';
import ring from '../../../../src/capture/spool/parts/ring.sh';
import send from '../../../../src/capture/spool/parts/send.sh';
import state from '../../../../src/capture/spool/parts/state.sh';
import waiting from '../../../../src/capture/spool/parts/waiting.sh';
import recorder from '../../../../src/capture/spool/recorder.sh';
import spool from '../../../../src/capture/spool/spool.sh';
import processTree from '../../../../src/debugger/processTree.sh';
import { SHELLS, type Shell } from './support/place.ts';

const BOTH: readonly Shell[] = ['dash', 'ash'];

/** Longest argument of a program on Linux (MAX_ARG_STRLEN: 32 pages). */
const MAX_ARGUMENT_BYTES = 131_072;

describe.each(BOTH)('functions of the spool in %s', (shell) => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'netdebug-functions-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Runs code after parts of the scripts; returns its output. */
  function run(parts: readonly string[], code: string, ...words: string[]): string {
    const [program = '', ...flags] = SHELLS[shell];
    const text = [...parts, code].join('\n');
    return execFileSync(program, [...flags, '-c', text, 'netdebug', ...words], {
      encoding: 'utf8',
      cwd: folder,
      env: { PATH: process.env.PATH, count: 'of the image' },
    });
  }

  it.each([
    ['1', 'ring/d_00001_20260102030405.pcap', '1 1'],
    ['1', 'ring/d_00007_x.pcap ring/d_00008_x.pcap', '7 8'],
    // After 99999, dumpcap starts again at 00000; then the newer names sort first.
    ['99999', 'ring/d_00000_x.pcap ring/d_00001_x.pcap ring/d_99999_x.pcap', '99999 100001'],
    ['200001', 'ring/d_00001_x.pcap ring/d_00002_x.pcap', '200001 200002'],
  ])("number dumpcap's files near %s: %s", (near, names, expected) => {
    const code = 'number_dumpcap "$@"; echo "$first $newest"';
    expect(run([numbers], code, near, ...names.split(' ')).trim()).toBe(expected);
  });

  it('end the processes that an engine starts after it was asked to end', () => {
    const child = 'trap "" TERM; echo $$ >child; while :; do sleep 0.1; done';
    const engine = `trap 'trap "" TERM; sh -c "$0" "$0" & ' TERM; echo >begun; while :; do sleep 0.1; done`;
    // Another process may have the PID that an earlier run left in `child`.
    const code = `min_sleep=0.1 signaled=
      rm -f begun child
      sh -c "$1" "$2" >/dev/null 2>&1 &
      while [ ! -e begun ]; do sleep 0.1; done
      end_tree $!
      wait
      tr '\\0' ' ' <"/proc/$(cat child)/cmdline" || true`;
    // An ended process has no command line until it is waited for.
    expect(run([processTree, waiting, processes], code, engine, child)).toBe('');
  });

  it.each([
    ['4', ''],
    ['5', 'ring/a'],
    ['7', 'ring/c'],
    ['8', ''],
  ])('find the name of file %s', (number, expected) => {
    const code = 'first=5 newest=7 names="ring/a ring/b ring/c"; name_of "$1"; echo "$name"';
    expect(run([ring], code, number).trim()).toBe(expected);
  });

  it('read the engine’s counts', () => {
    const code = `printf '%s\\n' "$1" >messages; captured= received= dropped= logged_device=; parse_log messages
      echo "$captured/$received/$dropped on $logged_device"`;
    const counts = (messages: string) => run([begin, log], code, messages).trim();
    expect(
      counts(
        'tcpdump: listening on eth0, link-type EN10MB\n12 packets captured\n15 packets received by filter\n3 packets dropped by kernel\n1 packet dropped by interface',
      ),
    ).toBe('12/15/4 on eth0');
    expect(
      counts(
        "Capturing on 'net 1'\nPackets captured: 9\nPackets received/dropped on interface 'eth0': 9/2 (pcap:2/dumpcap:0/flushed:0/ps_ifdrop:0) (81.8%)",
      ),
    ).toBe('9/9/2 on 1');
  });

  it('read how far tcpdump is', () => {
    const code = `printf '%s\\n' "$1" >log; parse_progress; echo "$answers: $captured_so_far of $matched_so_far"`;
    const progress = (messages: string) => run([begin, log], code, messages).trim();
    const answer =
      'tcpdump: 4 packets captured, 9 packets received by filter, 3 packets dropped by kernel';
    expect(progress(answer)).toBe('1: 4 of 6');
    expect(progress(`tcpdump: 1 packet captured, 1 packet received by filter\n${answer}`)).toBe(
      '2: 4 of 6',
    );
    expect(progress('tcpdump: listening on eth0, link-type EN10MB')).toBe('0:  of');
  });

  it('wait until tcpdump has written what had passed its filter when they asked', () => {
    // Like tcpdump, it answers in its log, which contains an answer to an earlier question.
    const stub = `answer() { echo "tcpdump: $1 packets captured, $2 packets received by filter, 0 packets dropped by kernel"; }
      answer 5 5
      trap 'requests=$((requests + 1)); case $requests in 1) answer 6 9 ;; 2) answer 8 12 ;; *) answer 9 14 ;; esac' USR1
      true >ready
      while [ ! -e stop ]; do sleep 0.02; done`;
    const code = `rm -f ready stop; printf '%s\\n' "$2" >stub; engine=tcpdump
      sh ./stub 2>log >&2 & engine_pid=$!
      while [ ! -e ready ]; do sleep 0.01; done
      await_delivery && echo "$captured_so_far"
      true >stop; wait "$engine_pid"
      await_delivery || echo failed`;
    const parts = [begin, processTree, waiting, log, engine];
    expect(run(parts, code, '', stub).trim().split('\n')).toEqual(['9', 'failed']);
  });

  it('tell whether a process and its children are asleep', () => {
    const code = `asleep() { if is_asleep "$1"; then echo asleep; else echo busy; fi; }
      rm -f busy; sh -c 'sleep 30 & echo >begun; wait' & child=$!
      while [ ! -e begun ]; do sleep 0.01; done
      tries=200
      until is_asleep "$child" || [ "$tries" -eq 0 ]; do tries=$((tries - 1)); sleep 0.05; done
      asleep "$child"; tree=; tree_of "$child"; kill $tree
      sh -c '(while :; do :; done) & echo >busy; wait' & child=$!
      while [ ! -e busy ]; do sleep 0.01; done
      asleep "$child"; tree=; tree_of "$child"; kill -KILL $tree`;
    expect(run([processTree, read], code)).toBe('asleep\nbusy\n');
    rmSync(join(folder, 'begun'));
  });

  it('wait longer than dumpcap keeps packets in its buffer while it sleeps', () => {
    const code = `true >running; load_state() { engine=dumpcap; engine_pid=; }; nap() { echo "$1"; }; flush; rm running`;
    const naps = run([begin, processTree, waiting, read], code).trim().split('\n').map(Number);
    // 250 ms in the kernel, and up to 750 ms in the buffer.
    expect(naps.reduce((total, seconds) => total + seconds)).toBeGreaterThan(1);
  });

  it('wait for tcpdump no longer if its counts do not agree after seconds', () => {
    const code = `true >running; load_state() { engine=tcpdump; }; nap() { echo "nap $1"; }
      time=0; clock() { now=$time; }
      await_delivery() { time=$((time + 4)); return 1; }; flush; echo counted
      await_delivery() { return 1; }; flush; rm running`;
    expect(run([begin, read], code)).toBe('counted\nnap 2\n');
  });

  it('pause until the next check of a follower: briefly while much arrives and at the end, not after a message', () => {
    const code = `nap() { echo "$1"; }
      true >wanted
      now=9 last_data=9 poll=1 signaled='' min_sleep=0.1
      for recent_bytes in 0 1000 300000; do wait_for_data; done
      wait_for_data
      signaled=1
      wait_for_data
      signaled=''
      rm wanted
      wait_for_data`;
    expect(run([send], code).trim().split('\n')).toEqual(['1', '1', '0.2', '1', '0.2']);
  });

  it('write a state that is read back completely', () => {
    const code = `read -r own_pid _ </proc/self/stat; read_start_time "$own_pid"; own_start=$start_time
      ticket=6 engine=dumpcap device=eth0 phase=recording started=5 newest=3 first=2 bytes=17 argv='dumpcap -i eth0' engine_pid=
      write_state; phase= device=; load_state; echo "$phase $device"; printf %s "$text"`;
    const lines = run([begin, processes, state], code).split('\n');
    expect(lines[0]).toBe('recording eth0');
    expect(lines).toContain('removed 1');
    expect(lines).toContain('ticket 7');
    expect(lines).toContain('argv dumpcap -i eth0');
  });

  it('do not export options to the programs they start', () => {
    const words = [
      'spool=/s',
      'count=5',
      'expression=a=b c',
      'filekb=1000',
      'start',
      'engine=auto',
    ];
    const code = 'read_options "$@"; echo "$count $expression $filekb"; env';
    const [values, ...environment] = run([begin, options], code, ...words)
      .trim()
      .split('\n');
    expect(values).toBe('5 a=b c 1000');
    const names = environment.map((line) => line.split('=')[0]);
    expect(
      names.filter((name) => !['PATH', 'PWD', 'LC_ALL', 'TZ', '_', 'SHLVL'].includes(name ?? '')),
    ).toEqual([]);
  });

  it.each(['count=', 'count=5x', 'files=-1', 'hurry=1'])('refuse the word %s', (word) => {
    const [program = '', ...flags] = SHELLS[shell];
    const text = `${begin}\n${options}\nread_options "$@"`;
    const { status, stderr } = spawnSync(program, [...flags, '-c', text, 'netdebug', word], {
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([2, expect.stringContaining(word)]);
  });
});

describe('the scripts of the spool', () => {
  it('fit into one program argument', () => {
    for (const script of [spool, recorder])
      expect(Buffer.byteLength(script)).toBeLessThan(MAX_ARGUMENT_BYTES / 2);
  });

  it('put only the recording part into a pod’s definition', () => {
    expect(recorder.length).toBeLessThan(spool.length * 0.75);
    for (const name of ['follow', 'send_file', 'copy_parts', 'remove_spool'])
      expect([recorder.includes(`${name}()`), spool.includes(`${name}()`)]).toEqual([false, true]);
    // Kubernetes replaces two of them with one.
    expect(recorder).not.toContain('$$');
  });
});
