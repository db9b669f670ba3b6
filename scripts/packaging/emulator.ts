import { existsSync } from 'node:fs';
import type { Platform } from './platforms.ts';

const QEMU = '/usr/bin/qemu-aarch64-static';
/** Where Debian's libstdc++6-arm64-cross installs the libraries that Node needs. */
const LIBRARIES = '/usr/aarch64-linux-gnu';

/**
 * The command prefix that runs a program of the platform here. Empty for the processor of this machine, an emulator
 * where one is installed, and undefined if the program cannot run.
 */
export function runnerFor({ os, arch }: Platform): readonly string[] | undefined {
  if (os !== process.platform) return undefined;
  if (arch === (process.arch === 'x64' ? 'amd64' : process.arch)) return [];
  const emulated = arch === 'arm64' && existsSync(QEMU) && existsSync(`${LIBRARIES}/lib`);
  return emulated ? [QEMU, '-L', LIBRARIES] : undefined;
}
