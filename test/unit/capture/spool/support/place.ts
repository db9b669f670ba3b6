import {
  type ChildProcess,
  execFileSync,
  type SpawnOptions,
  spawn,
  spawnSync,
} from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import spoolScript from '../../../../../src/capture/spool/spool.sh';
import leaseScript from '../../../../../src/debugger/lease.sh';
import mainScript from '../../../../../src/debugger/main.sh';
import { Frames } from './frames.ts';

/** The shells of the images: Debian's and Alpine's. */
export const SHELLS = { dash: ['dash'], ash: ['busybox', 'ash'] } as const;
export type Shell = keyof typeof SHELLS;
export type Engine = 'dumpcap' | 'tcpdump';

/** Every engine in every shell. */
export const EVERYWHERE: readonly (readonly [Engine, Shell])[] = [
  ['dumpcap', 'dash'],
  ['dumpcap', 'ash'],
  ['tcpdump', 'dash'],
  ['tcpdump', 'ash'],
];

/** The combinations in images: netshoot's and Debian's. For tests that do not depend on both at once. */
export const IN_IMAGES: typeof EVERYWHERE = [
  ['dumpcap', 'ash'],
  ['tcpdump', 'dash'],
];

const NAMESPACES = ['--net', '--mount', '--pid', '--fork', '--kill-child=KILL', '--mount-proc'];

/** The reason why these tests cannot run here, if any. */
export function whatIsMissing(): string | undefined {
  for (const program of ['tcpdump', 'dumpcap', 'capinfos', 'dash', 'busybox', 'ip', 'nsenter'])
    if (spawnSync('which', [program]).status !== 0) return `no ${program} here`;
  const { status, stderr } = spawnSync('unshare', [...NAMESPACES, 'true'], { encoding: 'utf8' });
  return status === 0 ? undefined : `no namespaces of our own: ${stderr.trim()}`;
}

/**
 * A stand-in for a debugger: a network namespace (lo), a process namespace whose first process is the debugger's main
 * script, and a folder; all removed with the test.
 */
export class Place {
  readonly folder: string;
  readonly #holder: ChildProcess;
  #init = 0;
  #ports = 20_000;

  private constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'netdebug-spool-'));
    const set = ['ip link set lo up', 'echo ready', 'exec sh -c "$1" main 3600'];
    this.#holder = spawn(
      'unshare',
      [...NAMESPACES, 'sh', '-ec', set.join('\n'), 'set', mainScript],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
  }

  static async make(): Promise<Place> {
    const place = new Place();
    await once(place.#holder.stdout as NodeJS.EventEmitter, 'data');
    const children = `/proc/${place.#holder.pid}/task/${place.#holder.pid}/children`;
    place.#init = Number(readFileSync(children, 'utf8'));
    return place;
  }

  async remove(): Promise<void> {
    const exited = once(this.#holder, 'exit');
    this.#holder.kill('SIGKILL');
    await exited;
    // The kernel ends the processes in the namespaces a moment later.
    await until(() => !existsSync(`/proc/${this.#init}`), 'the namespaces are gone');
    rmSync(this.folder, { recursive: true, force: true });
  }

  nextPort(): number {
    this.#ports += 1;
    return this.#ports;
  }

  /** A disk of 3 MB, visible only from within. */
  smallDisk(name: string): string {
    const folder = join(this.folder, name);
    const mount = [
      'sh',
      '-ec',
      'mkdir "$1" && mount -t tmpfs -o size=3m none "$1"',
      'mount',
      folder,
    ];
    execFileSync('nsenter', [...this.#enter, ...mount]);
    return folder;
  }

  /** Starts a program within. */
  spawn(command: readonly string[], options: SpawnOptions = {}): ChildProcess {
    return spawn('nsenter', [...this.#enter, ...command], options);
  }

  /** Sends numbered datagrams; resolves when all are sent. */
  async send(port: number, perSecond: number, count: number, size: number): Promise<void> {
    const sender = join(import.meta.dirname, 'sender.ts');
    const words = [port, perSecond, count, size].map(String);
    const child = this.spawn([process.execPath, '--no-warnings', sender, ...words], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [status] = await once(child, 'exit');
    if (status !== 0) throw new Error(`the sender ended with ${status}`);
  }

  /** Runs a verb to its end. */
  async run(shell: Shell, ...words: string[]) {
    const child = this.spawn([...SHELLS[shell], '-c', spoolScript, 'netdebug', ...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const out: Buffer[] = [];
    let errors = '';
    child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr?.on('data', (chunk) => {
      errors += chunk;
    });
    const [status] = await once(child, 'close');
    const bytes = Buffer.concat(out);
    return { status: status as number, bytes, text: bytes.toString(), errors };
  }

  /** A follower under a lease, as a client runs it. */
  follow(shell: Shell, ...words: string[]): Following {
    const command = SHELLS[shell];
    const program = [...command, '-c', spoolScript, 'netdebug', 'follow', ...words];
    return new Following(
      this.spawn([...command, '-c', leaseScript, 'lease', '12', ...program], {
        stdio: ['pipe', 'pipe', 'inherit'],
      }),
    );
  }

  /** A follower that finds programs in a folder first, as in an image with its own. */
  followWith(programs: string, shell: Shell, ...words: string[]): Following {
    const command = ['env', `PATH=${programs}:${process.env.PATH}`, ...SHELLS[shell]];
    const program = [...SHELLS[shell], '-c', spoolScript, 'netdebug', 'follow', ...words];
    return new Following(
      this.spawn([...command, '-c', leaseScript, 'lease', '12', ...program], {
        stdio: ['pipe', 'pipe', 'ignore'],
      }),
    );
  }

  /** A follower without a lease, which writes its PID within to a file, and finds `programs` before all others. */
  follower(shell: Shell, pidFile: string, words: readonly string[], programs = ''): Following {
    const tell = 'read -r pid _ </proc/self/stat; echo "$pid" >"$1"; shift; exec "$@"';
    const program = [...SHELLS[shell], '-c', spoolScript, 'netdebug', 'follow', ...words];
    return new Following(
      this.spawn(['sh', '-c', tell, 'tell', pidFile, ...program], {
        stdio: ['ignore', 'pipe', 'ignore'],
        env: { ...process.env, PATH: `${programs}:${process.env.PATH}` },
      }),
    );
  }

  /** A recorder without a follower. */
  record(shell: Shell, ...words: string[]): ChildProcess {
    const program = [...SHELLS[shell], '-c', spoolScript, 'netdebug', 'record', ...words];
    return this.spawn(program, { stdio: 'ignore' });
  }

  /** Runs a program within to its end; throws when it fails. */
  runWithin(command: readonly string[]): void {
    execFileSync('nsenter', [...this.#enter, ...command]);
  }

  /** Sends a signal to a process within, by its PID there. */
  kill(signal: string, pid: number): void {
    const kill = ['sh', '-c', 'kill -s "$1" "$2"', 'kill', signal, String(pid)];
    execFileSync('nsenter', [...this.#enter, ...kill]);
  }

  /** Command lines of the processes within that use a folder. */
  processes(folder: string): string[] {
    const folders = this.#workingFolders();
    return this.#ps('pid=,args=').filter((line) => {
      const [pid = ''] = line.trim().split(' ');
      return `${line} ${folders.get(pid) ?? ''}`.includes(folder);
    });
  }

  /** Process -> working folder, of all processes within: read by one process, because it is needed often. */
  #workingFolders(): ReadonlyMap<string, string> {
    const list = ['sh', '-c', 'ls -l /proc/[0-9]*/cwd 2>/dev/null'];
    const { stdout } = spawnSync('nsenter', [...this.#enter, ...list], { encoding: 'utf8' });
    return new Map(
      [...stdout.matchAll(/\/proc\/(\d+)\/cwd -> (.*)$/gm)].map(([, pid = '', cwd = '']) => [
        pid,
        cwd,
      ]),
    );
  }

  /** Command lines within that contain a text. */
  commands(text: string): string[] {
    return this.#ps('pid=,args=').filter((line) => line.includes(text));
  }

  engines(folder: string): string[] {
    return this.processes(folder).filter((line) => /^\s*\d+ (tcpdump|dumpcap) /.test(line));
  }

  /** Zombies: ended processes that were not waited for. */
  zombies(): string[] {
    return this.#ps('stat=,args=').filter((line) => line.startsWith('Z'));
  }

  #ps(columns: string): string[] {
    const ps = ['ps', '-e', '-ww', '-o', columns];
    // A script is part of each command line, and many tests run at the same time.
    const stdout = execFileSync('nsenter', [...this.#enter, ...ps], {
      encoding: 'utf8',
      maxBuffer: 256 * 1024 * 1024,
    });
    return stdout.split('\n').filter((line) => line !== '' && !line.includes(' ps -e'));
  }

  get #enter(): string[] {
    return ['-t', String(this.#init), '-n', '-m', '-p', '--'];
  }
}

/** A running follower, its frames, and its words. */
export class Following {
  readonly frames = new Frames();
  readonly child: ChildProcess;
  readonly exit: Promise<number>;
  readonly #beat: NodeJS.Timeout;

  constructor(child: ChildProcess) {
    this.child = child;
    child.stdout?.on('data', (chunk: Buffer) => this.frames.push(chunk));
    child.stdin?.on('error', () => {});
    this.#beat = setInterval(() => this.#say('beat'), 1000);
    this.exit = once(child, 'close').then(([status]) => {
      clearInterval(this.#beat);
      return status as number;
    });
  }

  async heard(start: string): Promise<string> {
    await until(() => this.frames.line(start) !== undefined, `a frame "${start}"`);
    return this.frames.line(start) ?? '';
  }

  /** Asks it to end the recording or, after its end, to remove everything. */
  sendSignal(): void {
    this.#say('info');
  }

  /** Behaves like a client that has disappeared. */
  leave(): void {
    clearInterval(this.#beat);
    this.child.stdin?.end();
  }

  #say(word: string): void {
    if (this.child.stdin?.writable) this.child.stdin.write(`${word}\n`);
  }
}

/** Waits for a condition, long enough for a busy machine. */
export async function until(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + 120_000;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`waited in vain until ${what}`);
    await wait(50);
  }
}
