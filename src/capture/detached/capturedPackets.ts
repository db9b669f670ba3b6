import { Readable } from 'node:stream';
import type { KubeApi } from '../../kube/api.ts';
import { type PacketFilter, whyNotInPod } from '../fetch/podFilter.ts';
import { PodSpool } from '../fetch/podSpool.ts';
import { FETCH_LIMITS, SpoolAccess } from '../fetch/spoolAccess.ts';
import { spoolStream } from '../fetch/spoolStream.ts';
import type { Listing } from '../spool/listing.ts';
import type { DetachedCapture } from './captures.ts';
import { whereSpoolIs } from './whereSpoolIs.ts';

export interface PacketsOptions {
  readonly signal: AbortSignal;
  /** Called with what is missing, and with what the command waits for. */
  readonly onNote: (text: string) => void;
}

/** What a detached capture holds now, to be read without copying its files. */
export class CapturedPackets {
  readonly capture: DetachedCapture;
  readonly #access: SpoolAccess;
  readonly #listing: Listing;
  readonly #onNote: (text: string) => void;

  private constructor(
    capture: DetachedCapture,
    access: SpoolAccess,
    listing: Listing,
    onNote: (text: string) => void,
  ) {
    this.capture = capture;
    this.#access = access;
    this.#listing = listing;
    this.#onNote = onNote;
  }

  /** Lists the files, up to the newest packet. Throws a Problem. */
  static async open(
    api: KubeApi,
    capture: DetachedCapture,
    { signal, onNote }: PacketsOptions,
  ): Promise<CapturedPackets> {
    const place = await whereSpoolIs(api, capture, { signal, onProgress: onNote });
    const source = new PodSpool(api, place, capture.pod.metadata.uid, capture.spool);
    const access = new SpoolAccess(source, FETCH_LIMITS, signal);
    await access.patiently(() => access.flush());
    const listing = await access.list();
    const { removed } = listing.state;
    if (removed > 0)
      onNote(
        `${removed === 1 ? 'file 1 is' : `files 1 to ${removed} are`} missing: the ring removed them earlier`,
      );
    return new CapturedPackets(capture, access, listing, onNote);
  }

  /** Packets that the recorder lost, where it has said so. */
  get dropped(): number | undefined {
    return this.#listing.state.end?.dropped;
  }

  /** Why a filter cannot be evaluated in the pod; undefined when it can. */
  whyNotInPod(filter: PacketFilter): string | undefined {
    return whyNotInPod(filter, this.#listing.tools, this.capture.pod);
  }

  /** The packets as one pcap stream; with a filter those that match, found in the pod. */
  stream(filter?: PacketFilter): Readable {
    const changesUser = this.capture.words.zroot === '1';
    const packets = spoolStream(this.#access, this.#listing.files, {
      ...(filter && { filter: { ...filter, changesUser } }),
      onNote: this.#onNote,
    });
    return Readable.from(packets, { objectMode: false });
  }
}
