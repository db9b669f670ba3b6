import type { Output } from '../../output/output.ts';
import type { Sink, TargetSink } from './sink.ts';

/** One pcap file, or stream, which has the packets of one target: the recorder itself keeps to the bounds. */
export class PcapSink implements Sink {
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
  }

  async open(): Promise<TargetSink> {
    return { output: this.#output, end: () => {} };
  }

  onEnd(): void {}

  close(): Promise<void> {
    return this.#output.close();
  }
}
