import ipaddr from 'ipaddr.js';
import type { Access } from '../../kube/authentication.ts';
import { defaultContainer, type Pod } from '../../kube/pod.ts';
import { type ResolvedTarget, targetNode } from '../../kube/targets/resolvedTarget.ts';
import { type Output, OutputClosed } from '../../output/output.ts';
import { PcapngMerger } from '../../pcap/pcapngMerger.ts';
import { localSection } from '../../pcap/section.ts';
import type { CaptureBounds } from '../spec.ts';
import { MergedTarget, type TargetIdentity } from './mergedTarget.ts';
import { NodeClocks } from './nodeClocks.ts';
import type { Sink, SinkEnd, TargetSink } from './sink.ts';

/**
 * A single pcapng file or stream with the packets of all targets, in order of time. The bounds apply to all targets
 * together.
 */
export class MergedSink implements Sink {
  readonly #clocks: NodeClocks;
  readonly #output: Output;
  readonly #merger: PcapngMerger;
  #onEnd: (why: SinkEnd) => void = () => {};
  #ended = false;

  constructor(access: Access, output: Output, { count, maxBytes }: CaptureBounds) {
    this.#clocks = new NodeClocks(access);
    this.#output = output;
    this.#merger = new PcapngMerger(
      {
        write: (chunk) => this.#write(chunk),
        truncateEnd: async (bytes) => output.truncateEnd?.(bytes),
        close: () => output.close(),
      },
      {
        section: localSection(),
        maxBytes,
        maxPackets: count,
        onFull: () => this.#end(this.#merger.packets === count ? 'complete' : 'size'),
      },
    );
    output.onReaderClosed?.(() => this.#end('reader-gone'));
  }

  get packets(): number {
    return this.#merger.packets;
  }

  get bytes(): number {
    return this.#merger.bytes;
  }

  async open(target: ResolvedTarget): Promise<TargetSink> {
    return new MergedTarget({
      clock: (place) => this.#clocks.get(target, place),
      identity: identityOf(target),
      addSource: (at) => this.#merger.addSource(at),
      isEnded: () => this.#ended,
    });
  }

  onEnd(callback: (why: SinkEnd) => void): void {
    this.#onEnd = callback;
  }

  async close(): Promise<void> {
    try {
      await this.#merger.finish();
    } catch (error) {
      if (!(error instanceof OutputClosed)) throw error;
    } finally {
      await this.#output.close();
    }
  }

  async #write(chunk: Buffer): Promise<void> {
    try {
      await this.#output.write(chunk);
    } catch (error) {
      // Targets without packets would not notice the closed output.
      this.#end('reader-gone');
      throw error;
    }
  }

  #end(why: SinkEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#onEnd(why);
  }
}

function identityOf(target: ResolvedTarget): TargetIdentity {
  const node = targetNode(target);
  if (!target.pod) return { node };
  const { metadata, spec } = target.pod;
  const main = defaultContainer(target.pod);
  const image = spec.containers.find((container) => container.name === main)?.image;
  const { name, namespace } = metadata;
  return {
    node,
    pod: { name, namespace },
    ...(!spec.hostNetwork && { addresses: addressesOf(target.pod) }),
    ...(image !== undefined && { image }),
  };
}

/** In the format in which packets contain addresses. */
function addressesOf({ status }: Pod): Buffer[] {
  const texts = status?.podIPs?.map(({ ip }) => ip) ?? [];
  return texts.map((text) => Buffer.from(ipaddr.parse(text).toByteArray()));
}
