import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../../problem.ts';
import { LocalProblem, localProblem } from '../../transfer/localProblem.ts';
import { writeAtomically } from '../../transfer/placeFile.ts';
import { earlyEndOf } from '../earlyEnd.ts';
import {
  type CaptureOrigin,
  MANIFEST_NAME,
  type Manifest,
  type ManifestFile,
  type MissingFiles,
  type RecordingInterruption,
} from '../manifest.ts';
import type { Listing, RecorderState } from '../spool/listing.ts';

/** A folder's manifest during a fetch: written again after each file. */
export class ManifestStore {
  readonly #path: string;
  readonly #origin: CaptureOrigin;
  readonly #files = new Map<number, ManifestFile>();
  #recorder: Partial<Manifest> = {};
  #newest = 0;
  #interruptions: RecordingInterruption[] = [];
  #writing: Promise<unknown> = Promise.resolve();
  #waiting: Promise<Manifest> | undefined;

  private constructor(folder: string, origin: CaptureOrigin) {
    this.#path = join(folder, MANIFEST_NAME);
    this.#origin = origin;
  }

  /**
   * Opens a folder's manifest or creates one. If it belongs to another capture, throws a Problem, or replaces it with
   * `force`. `isSameCapture` tells whether the folder's files belong to this capture.
   */
  static async open(
    folder: string,
    origin: CaptureOrigin,
    listing: Listing | undefined,
    force: boolean,
  ): Promise<{ manifest: ManifestStore; isSameCapture: boolean }> {
    const manifest = new ManifestStore(folder, origin);
    const recorder = listing ? recorderFields(listing.state) : undefined;
    const previous = await readManifest(manifest.#path);
    const isOwn =
      previous !== undefined && describesSameCapture(previous, origin, recorder?.started);
    if (previous !== undefined && !isOwn && !force)
      throw new LocalProblem(`${manifest.#path} belongs to another capture, or to another filter`, {
        kind: 'exists',
        next: ['choose another folder, or replace its files with --force'],
      });
    if (isOwn) {
      for (const file of previous.files) manifest.#files.set(file.seq, file);
      for (const { last } of previous.gaps) manifest.#newest = Math.max(manifest.#newest, last);
      manifest.#interruptions = [...previous.interruptions];
    }
    manifest.#recorder = recorder ?? (isOwn ? previous : {});
    // The file that is being written does not count as missing.
    for (const { seq, closed } of listing?.files ?? [])
      manifest.#newest = Math.max(manifest.#newest, closed ? seq : seq - 1);
    if (listing) manifest.#addInterruptions(listing);
    return { manifest, isSameCapture: isOwn };
  }

  get(seq: number): ManifestFile | undefined {
    return this.#files.get(seq);
  }

  get files(): ManifestFile[] {
    return [...this.#files.values()].sort((a, b) => a.seq - b.seq);
  }

  set(file: ManifestFile): void {
    this.#files.set(file.seq, file);
  }

  /** The recorder's container is gone: nothing was recorded after that. */
  addInterruption(interruption: RecordingInterruption): void {
    this.#recorder = { ...this.#recorder, recording: false, endedEarly: interruption };
    if (!this.#interruptions.some(({ why }) => why === interruption.why))
      this.#interruptions.push(interruption);
  }

  /** Adds the outages and an unexpected end. */
  #addInterruptions({ state, log }: Listing): void {
    for (const { from, to, lost } of state.outages) {
      const at = isoTime(from);
      const interruption = {
        at,
        ...(to !== undefined && { until: isoTime(to) }),
        kind: 'interface-gone' as const,
        why: `${state.device} disappeared`,
        lost: lost ?? null,
      };
      this.#interruptions = this.#interruptions.filter((known) => known.at !== at);
      this.#interruptions.push(interruption);
    }
    const early = earlyEndOf(state, log);
    if (!early) return;
    const { at, kind, why, lost } = early;
    const end = {
      ...(at !== undefined && { at: isoTime(at) }),
      kind,
      why,
      ...(lost !== undefined && { lost }),
    };
    this.#recorder = { ...this.#recorder, endedEarly: end };
    // Replaces the same interruption from an earlier fetch, and becomes the last one.
    const others = this.#interruptions.filter((known) => known.why !== why || known.at !== end.at);
    this.#interruptions = [...others, end];
  }

  get recording(): boolean {
    return this.#recorder.recording ?? false;
  }

  #manifest(): Manifest {
    return {
      version: 1,
      ...this.#origin,
      recording: false,
      ...this.#recorder,
      files: this.files,
      gaps: this.#gaps(),
      interruptions: this.#interruptions,
      written: new Date().toISOString(),
    };
  }

  /**
   * Writes the manifest. Resolves with its contents when everything known at the time of the call is in the file. Calls
   * during a write are combined into one.
   */
  async write(): Promise<Manifest> {
    this.#waiting ??= this.#writing.then(async () => {
      this.#waiting = undefined;
      const manifest = this.#manifest();
      await writeAtomically(this.#path, `${JSON.stringify(manifest, null, 2)}\n`);
      return manifest;
    });
    const written = this.#waiting;
    this.#writing = written.catch(() => {});
    return written;
  }

  /** Numbers of files that were neither copied nor listed: the ring had already removed them. */
  #gaps(): MissingFiles[] {
    const gaps: MissingFiles[] = [];
    let next = 1;
    const missing = (last: number) => {
      if (next <= last) gaps.push({ first: next, last, why: 'the ring removed them earlier' });
    };
    for (const { seq } of this.files) {
      missing(seq - 1);
      next = seq + 1;
    }
    missing(this.#newest);
    return gaps;
  }
}

async function readManifest(path: string): Promise<Manifest | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw localProblem(path, error);
  }
  try {
    const manifest = JSON.parse(text) as Manifest;
    if (
      manifest.version === 1 &&
      [manifest.files, manifest.gaps, manifest.interruptions].every(Array.isArray)
    )
      return manifest;
  } catch {}
  // The file is not a manifest of netdebug and must not be replaced.
  return { capture: '' } as Manifest;
}

/** Whether two manifests describe the same capture. A spool on a volume outlives its pod. */
function describesSameCapture(
  previous: Manifest,
  origin: CaptureOrigin,
  started: string | undefined,
): boolean {
  return (
    previous.capture === origin.capture &&
    previous.namespace === origin.namespace &&
    previous.filtered?.displayFilter === origin.filtered?.displayFilter &&
    previous.filtered?.captureFilter === origin.filtered?.captureFilter &&
    (origin.volume === undefined
      ? previous.podUid === origin.podUid && previous.container === origin.container
      : previous.volume === origin.volume) &&
    (started === undefined || previous.started === started)
  );
}

/** Converts seconds since 1970 to ISO 8601. */
function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

/** Converts the recorder's state to the fields of the manifest. */
function recorderFields({ engine, device, argv, started, phase, end }: RecorderState) {
  const { at, ...rest } = end ?? {};
  return {
    engine,
    device,
    argv,
    ...(started > 0 && { started: isoTime(started) }),
    recording: phase !== 'ended',
    ...(at !== undefined && { ended: isoTime(at) }),
    ...rest,
  };
}
