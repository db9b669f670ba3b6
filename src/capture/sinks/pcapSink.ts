import type { Output } from '../../output/output.ts';
import type { Sink, TargetSink } from './sink.ts';

/** A single pcap file or stream with the packets of one target. The recorder itself applies the bounds. */
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
