import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ResolvedTarget } from '../../kube/targets/resolvedTarget.ts';
import { checkWritable, FileOutput } from '../../output/fileOutput.ts';
import { messageOf, Problem } from '../../problem.ts';
import type { Sink, TargetSink } from './sink.ts';
import { targetFileName } from './targetFileName.ts';

/** Captured packets are private. */
const PRIVATE_MODE = 0o700;

/** A folder with a pcap file for each target, named after the target. */
export class FolderSink implements Sink {
  readonly #folder: string;
  readonly #force: boolean;
  readonly #nameOf: (target: ResolvedTarget) => string;
  readonly #nameCounts = new Map<string, number>();

  constructor(folder: string, force: boolean, nameOf: (target: ResolvedTarget) => string) {
    this.#folder = folder;
    this.#force = force;
    this.#nameOf = nameOf;
  }

  async open(target: ResolvedTarget): Promise<TargetSink> {
    const path = this.#pathOf(target);
    try {
      await mkdir(this.#folder, { recursive: true, mode: PRIVATE_MODE });
    } catch (error) {
      throw new Problem(`cannot create the folder ${this.#folder}: ${messageOf(error)}`, {
        kind: 'not-written',
        cause: error,
      });
    }
    await checkWritable(path, this.#force);
    return { output: new FileOutput(path, this.#force), end: () => {} };
  }

  /** Does nothing: bounds apply to each file, so each target ends by itself. */
  onEnd(): void {}

  async close(): Promise<void> {}

  /** A pod may be replaced by one of the same name, for example in a StatefulSet. */
  #pathOf(target: ResolvedTarget): string {
    const name = targetFileName(this.#nameOf(target));
    const before = this.#nameCounts.get(name) ?? 0;
    this.#nameCounts.set(name, before + 1);
    return join(this.#folder, `${name}${before === 0 ? '' : `-${before + 1}`}.pcap`);
  }
}
