import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { posix, win32 } from 'node:path';
import { errorCode, messageOf, Problem } from '../problem.ts';
import { type Output, OutputClosed, WriteFailure } from './output.ts';

/** Where installers put Wireshark if it is not on PATH. */
const DEFAULT_FOLDERS: Partial<Record<NodeJS.Platform, string[]>> = {
  darwin: ['/Applications/Wireshark.app/Contents/MacOS'],
  win32: ['C:\\Program Files\\Wireshark', 'C:\\Program Files (x86)\\Wireshark'],
};

/** Finds Wireshark on PATH or where its installers put it. Throws a Problem if it is not installed. */
export function findWireshark(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
  isProgram: (path: string) => boolean = isExecutable,
): string {
  const find = (name: string) => findInstalled(name, env, platform, isProgram);
  const program = find('wireshark') ?? find('Wireshark');
  if (program !== undefined) return program;
  throw new Problem('Wireshark was not found on PATH', {
    kind: 'missing-program',
    next: ['install it, or write a file with -w and open it elsewhere'],
  });
}

/** Finds a program that belongs to Wireshark, on PATH or where installers put it. */
export function findInstalled(
  program: string,
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
  isProgram: (path: string) => boolean = isExecutable,
): string | undefined {
  const windows = platform === 'win32';
  const { delimiter, join } = windows ? win32 : posix;
  const name = windows ? `${program}.exe` : program;
  const folders = [...(env.PATH ?? '').split(delimiter), ...(DEFAULT_FOLDERS[platform] ?? [])];
  return folders.map((folder) => join(folder, name)).find(isProgram);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A Wireshark window that shows packets as they arrive. Closing the window ends the capture. */
export class WiresharkOutput implements Output {
  readonly #wireshark: ChildProcess;
  readonly #exited: Promise<void>;

  constructor(program: string) {
    // -k: start at once; -i -: read from standard input.
    this.#wireshark = spawn(program, ['-k', '-i', '-'], { stdio: ['pipe', 'ignore', 'ignore'] });
    this.#wireshark.stdin?.on('error', () => {});
    this.#exited = new Promise((resolve) => {
      this.#wireshark.once('exit', () => resolve());
      this.#wireshark.once('error', () => resolve());
    });
  }

  async write(chunk: Buffer): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#wireshark.stdin?.write(chunk, (error) => {
        if (!error) resolve();
        else if (errorCode(error) === 'EPIPE' || errorCode(error) === 'ERR_STREAM_DESTROYED')
          reject(new OutputClosed('Wireshark was closed'));
        else
          reject(
            new WriteFailure(
              new Problem(`Wireshark: ${messageOf(error)}`, { kind: 'not-written' }),
              0,
            ),
          );
      });
    });
  }

  onReaderClosed(callback: () => void): void {
    void this.#exited.then(callback);
  }

  /** The packets stay on the screen, because Wireshark keeps running after this program exits. */
  async close(): Promise<void> {
    const { stdin } = this.#wireshark;
    if (stdin?.writable) await new Promise<void>((resolve) => stdin.end(() => resolve()));
    this.#wireshark.unref();
  }
}
