import { Readable } from 'node:stream';
import type { KubeApi } from '../../kube/api.ts';
import type { Notice } from '../../notice.ts';
import { type PacketFilter, podFilterProblem } from '../fetch/podFilter.ts';
import { PodSpool } from '../fetch/podSpool.ts';
import { FETCH_LIMITS, SpoolAccess } from '../fetch/spoolAccess.ts';
import { spoolStream } from '../fetch/spoolStream.ts';
import type { Listing } from '../spool/listing.ts';
import type { DetachedCapture } from './captures.ts';
import { ensureSpoolContainer } from './ensureSpoolContainer.ts';

export interface PacketsOptions {
  readonly signal: AbortSignal;
  /** Called with notices about missing packets, and with what the command is waiting for. */
  readonly onNote: (notice: Notice) => void;
}

/** The packets that a detached capture holds now, read without copying its files. */
export class CapturedPackets {
  readonly capture: DetachedCapture;
  readonly #access: SpoolAccess;
  readonly #listing: Listing;
  readonly #onNote: (notice: Notice) => void;

  private constructor(
    capture: DetachedCapture,
    access: SpoolAccess,
    listing: Listing,
    onNote: (notice: Notice) => void,
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
    const ref = await ensureSpoolContainer(api, capture, {
      signal,
      onProgress: (text) => onNote({ kind: 'waiting', text }),
    });
    const source = new PodSpool(api, ref, capture.pod.metadata.uid, capture.spool);
    const access = new SpoolAccess(source, FETCH_LIMITS, signal);
    const listing = await access.list({ flush: true });
    const { removed } = listing.state;
    if (removed > 0)
      onNote({
        kind: 'gap',
        text: `${removed === 1 ? 'file 1 is' : `files 1 to ${removed} are`} missing: the ring removed them earlier`,
      });
    return new CapturedPackets(capture, access, listing, onNote);
  }

  /** Packets that the recorder dropped, if it has reported them. */
  get dropped(): number | undefined {
    return this.#listing.state.end?.dropped;
  }

  /** Why the filter cannot be evaluated in the pod; undefined if it can. */
  podFilterProblem(filter: PacketFilter): string | undefined {
    return podFilterProblem(filter, this.#listing.tools, this.capture.pod);
  }

  /** The packets as one pcap stream. With a filter, only the matching packets, which are selected in the pod. */
  stream(filter?: PacketFilter): Readable {
    const changesUser = this.capture.options.zroot === '1';
    const packets = spoolStream(this.#access, this.#listing.files, {
      ...(filter && { filter: { ...filter, changesUser } }),
      onNote: this.#onNote,
    });
    return Readable.from(packets, { objectMode: false });
  }
}
