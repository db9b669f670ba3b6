import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { textOfFile } from '../../../../scripts/textFiles.ts';
import type {
  SpoolCommand,
  SpoolGone,
  SpoolSource,
  SpoolVerb,
} from '../../../../src/capture/fetch/spoolSource.ts';
import type { CaptureOrigin } from '../../../../src/capture/manifest.ts';
import { ExecProblem } from '../../../../src/kube/execStatus.ts';

/** As it is bundled; read here so that a separate process can also be a client. */
const SCRIPT = join(import.meta.dirname, '../../../../src/capture/spool/spool.sh');
const script = textOfFile(SCRIPT);

export const ORIGIN: CaptureOrigin = {
  capture: 'web',
  target: 'deploy/web',
  namespace: 'shop',
  pod: 'web-1',
  podUid: 'uid-1',
  container: 'netdebug-capture-web',
};

/** A verb that was run, and how many bytes it returned. */
export interface CommandRun {
  readonly verb: SpoolVerb;
  readonly words: readonly string[];
  bytes: number;
}

/** A spool on this machine: the same verbs, run by a shell as in the pod. */
export class LocalSpool implements SpoolSource {
  readonly folder: string;
  readonly commands: CommandRun[] = [];
  loss: SpoolGone | undefined;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Creates the spool of a capture that is being recorded; the calling process stands for the recorder. */
  static make(folder: string): LocalSpool {
    const spool = new LocalSpool(folder);
    for (const name of ['ring', 'bin']) mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, 'first'), '1 - 1\n');
    spool.state({});
    return spool;
  }

  /** Adds these values to the recorder's state. */
  state(more: Readonly<Record<string, string>>): void {
    // Field 22 of the line: the start time of the process. The name in the second field may contain spaces.
    const line = readFileSync('/proc/self/stat', 'utf8');
    const born = line.slice(line.lastIndexOf(')')).split(' ')[20] ?? '';
    const pid = String(process.pid);
    const state = { version: '1', pid, born, engine: 'dumpcap', started: '1795525500' };
    const all = { ticket: '7', ...state, phase: 'recording', ...more, end: '7' };
    const lines = Object.entries(all).map(([name, value]) => `${name} ${value}\n`);
    writeFileSync(join(this.folder, 'state'), lines.join(''));
  }

  path(seq: number): string {
    return join(this.folder, 'ring', `d_${String(seq).padStart(5, '0')}_20261124130500.pcap`);
  }

  write(seq: number, content: Buffer, open = false): void {
    writeFileSync(this.path(seq), content);
    // This file exists while the newest file is still being written.
    if (open) writeFileSync(join(this.folder, 'running'), '');
    else rmSync(join(this.folder, 'running'), { force: true });
  }

  /** The ring advances: this file and all files before it are removed. */
  remove(seq: number): void {
    for (let number = seq; number > 0; number--) rmSync(this.path(number), { force: true });
  }

  async start(verb: SpoolVerb, words: readonly string[]): Promise<SpoolCommand> {
    const command = { verb, words, bytes: 0 };
    this.commands.push(command);
    const child = spawn('sh', ['-c', script, 'spool', verb, `spool=${this.folder}`, ...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PATH: `${join(this.folder, 'bin')}:${process.env.PATH}` },
    });
    child.stdout.on('data', (chunk: Buffer) => {
      command.bytes += chunk.length;
    });
    child.stdout.pause();
    const exit = new Promise<number>((resolve, reject) => {
      child.once('close', (code) =>
        code === null ? reject(new ExecProblem('cut', 'killed')) : resolve(code),
      );
    });
    exit.catch(() => {});
    return {
      stdout: child.stdout,
      stderr: child.stderr,
      exit,
      close: () => {
        child.kill('SIGKILL');
      },
    };
  }

  async checkGone(): Promise<SpoolGone | undefined> {
    return this.loss;
  }
}
