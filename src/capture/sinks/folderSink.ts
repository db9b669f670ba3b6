import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod } from '../../kube/pod.ts';
import { checkFile, FileOutput } from '../../output/fileOutput.ts';
import { messageOf, Problem } from '../../problem.ts';
import type { PodSink, Sink } from './sink.ts';
import { podFileName } from './targetFileName.ts';

/** Captured packets are private. */
const PRIVATE = 0o700;

/** A folder with a pcap file for each pod, named after it. */
export class FolderSink implements Sink {
  readonly #folder: string;
  readonly #force: boolean;
  readonly #nameOf: (pod: Pod) => string;
  readonly #taken = new Map<string, number>();

  constructor(folder: string, force: boolean, nameOf: (pod: Pod) => string) {
    this.#folder = folder;
    this.#force = force;
    this.#nameOf = nameOf;
  }

  async open(pod: Pod): Promise<PodSink> {
    const path = this.#pathOf(pod);
    try {
      await mkdir(this.#folder, { recursive: true, mode: PRIVATE });
    } catch (error) {
      throw new Problem(`cannot make the folder ${this.#folder}: ${messageOf(error)}`, {
        cause: error,
      });
    }
    await checkFile(path, this.#force);
    return { output: new FileOutput(path, this.#force), end: () => {} };
  }

  /** Each pod ends by itself: a limit holds for each file. */
  onEnd(): void {}

  async close(): Promise<void> {}

  /** A pod may come again under its name, as those of a StatefulSet do. */
  #pathOf(pod: Pod): string {
    const name = podFileName(this.#nameOf(pod));
    const before = this.#taken.get(name) ?? 0;
    this.#taken.set(name, before + 1);
    return join(this.#folder, `${name}${before === 0 ? '' : `-${before + 1}`}.pcap`);
  }
}
