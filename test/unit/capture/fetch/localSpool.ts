import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type {
  SpoolCommand,
  SpoolGone,
  SpoolSource,
  SpoolVerb,
} from '../../../../src/capture/fetch/spoolSource.ts';
import type { CaptureOrigin } from '../../../../src/capture/manifest.ts';
import { ExecProblem } from '../../../../src/kube/execStatus.ts';

/** Read here, so that a process of its own can be a client too. */
const script = readFileSync(join(import.meta.dirname, 'localSpool.sh'), 'utf8');

export const ORIGIN: CaptureOrigin = {
  capture: 'web',
  target: 'deploy/web',
  namespace: 'shop',
  pod: 'web-1',
  podUid: 'uid-1',
  container: 'netdebug-capture-web',
};

/** A verb that was run, and how many bytes it gave. */
export interface Asked {
  readonly verb: SpoolVerb;
  readonly words: readonly string[];
  bytes: number;
}

/** A spool on this machine: the same verbs, run by a shell as the pod would. */
export class LocalSpool implements SpoolSource {
  readonly folder: string;
  readonly asked: Asked[] = [];
  /** The tar of the image. */
  tar = 'tar';
  gone: SpoolGone | undefined;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Makes the spool of a capture that is being recorded. */
  static make(folder: string): LocalSpool {
    const spool = new LocalSpool(folder);
    mkdirSync(join(folder, 'ring'), { recursive: true });
    spool.state({});
    return spool;
  }

  /** Says these things in the recorder's state, beside what is always there. */
  state(more: Readonly<Record<string, string>>): void {
    const state = { version: '1', started: '1795525500', phase: 'recording', ...more };
    const lines = Object.entries(state).map(([name, value]) => `${name} ${value}\n`);
    writeFileSync(join(this.folder, 'state'), lines.join(''));
  }

  path(seq: number): string {
    return join(this.folder, 'ring', `${seq}_ring.pcap`);
  }

  write(seq: number, content: Buffer, open = false): void {
    writeFileSync(this.path(seq), content);
    writeFileSync(join(this.folder, 'open'), open ? `${seq}_ring.pcap` : '');
  }

  remove(seq: number): void {
    rmSync(this.path(seq));
  }

  async start(verb: SpoolVerb, words: readonly string[]): Promise<SpoolCommand> {
    const asked = { verb, words, bytes: 0 };
    this.asked.push(asked);
    const child = spawn('sh', ['-c', script, 'spool', verb, `spool=${this.folder}`, ...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TAR: this.tar },
    });
    child.stdout.on('data', (chunk: Buffer) => {
      asked.bytes += chunk.length;
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

  async whyGone(): Promise<SpoolGone | undefined> {
    return this.gone;
  }
}
