import { createHash, type Hash } from 'node:crypto';
import { rm, stat } from 'node:fs/promises';
import { uptime } from 'node:os';
import { join } from 'node:path';
import { type PcapWalk, PcapWalker } from '../../pcap/walk.ts';
import { LocalProblem, localProblem } from '../../transfer/localProblem.ts';
import { PartFile } from '../../transfer/partFile.ts';
import { placeFile } from '../../transfer/placeFile.ts';
import type { SpoolFile } from '../spool/listing.ts';
import { atStage, fileName, type LocalFile, type Stage } from './fileNames.ts';

/** What is known about the bytes received so far. */
export interface CopySummary {
  readonly sha256: string;
  readonly walk: PcapWalk;
}

/**
 * The copy of one recorded file. It grows from the first byte to the last, and always knows its checksum and packets.
 * On disk it is NAME-0001-START.pcap.part until `finish` renames it.
 */
export class FileCopy {
  readonly source: SpoolFile;
  readonly #folder: string;
  readonly #capture: string;
  #local: LocalFile | undefined;
  #part: PartFile | undefined;
  /** The first bytes, held until the time of the first packet is known, which is part of the file's name. */
  #held: Buffer[] = [];
  #hash: Hash = createHash('sha256');
  #walker = new PcapWalker();
  /** The result of syncing all bytes to disk, if already requested. */
  #synced: Promise<void> | undefined;

  constructor(folder: string, capture: string, source: SpoolFile) {
    this.#folder = folder;
    this.#capture = capture;
    this.source = source;
  }

  /** Bytes received so far. */
  get size(): number {
    return this.#walker.result.bytes;
  }

  /** The current name of the file; undefined while it does not exist. */
  get name(): string | undefined {
    return this.#local?.name;
  }

  /**
   * Resumes an earlier copy. If it cannot be a prefix of this file, deletes it and starts over. `willVerify`: a checksum at
   * the end will verify the resumed bytes.
   */
  async resume(local: LocalFile, willVerify: boolean): Promise<void> {
    this.#local = local;
    if (local.stage !== 'part') {
      const part = atStage(local, 'part');
      await placeFile(join(this.#folder, local.name), join(this.#folder, part), false);
      this.#local = { ...local, name: part, stage: 'part' };
    }
    await this.#read();
    const { bytes, damage } = this.summary.walk;
    const cannotResume = bytes > this.source.size || damage !== undefined;
    if (cannotResume || (!willVerify && (await this.#isOlderThanThisSystem())))
      await this.discard();
  }

  /** Reads a finished file without changing it. */
  async examine(local: LocalFile): Promise<CopySummary> {
    this.#local = local;
    await this.#read();
    await this.close();
    return this.summary;
  }

  /** Accepts the next bytes; see PartFile.append. */
  append(chunk: Buffer): Promise<void> | undefined {
    this.#synced = undefined;
    this.#add(chunk);
    if (this.#part) return this.#part.append(chunk);
    this.#held.push(chunk);
    const { first, damage } = this.#walker.result;
    return first || damage !== undefined ? this.#create() : undefined;
  }

  get summary(): CopySummary {
    return { sha256: this.#hash.copy().digest('hex'), walk: this.#walker.result };
  }

  /**
   * Called when all bytes have arrived: syncs them to disk while other files are copied. `finish` throws the error if
   * that fails.
   */
  startSync(): void {
    this.#synced = this.#part?.sync();
    this.#synced?.catch(() => {});
  }

  /** Removes an incomplete last packet from a file whose rest will not arrive. */
  async cutToWholePackets(): Promise<void> {
    const { wholeBytes, bytes } = this.#walker.result;
    this.#synced = undefined;
    if (wholeBytes < bytes) await this.#part?.truncate(wholeBytes);
  }

  /** Syncs the file to disk and renames it for this stage. Returns the new name. */
  async finish(stage: Stage, force: boolean): Promise<string> {
    if (!this.#part) await this.#create();
    const local = this.#local as LocalFile;
    await (this.#synced ?? this.#part?.sync());
    await this.close();
    const name = atStage(local, stage);
    if (name !== local.name)
      await placeFile(join(this.#folder, local.name), join(this.#folder, name), force);
    this.#local = { ...local, name, stage };
    return name;
  }

  /** Deletes the copy, to start over. */
  async discard(): Promise<void> {
    await this.#synced?.catch(() => {});
    this.#synced = undefined;
    await this.close();
    if (this.#local) await rm(join(this.#folder, this.#local.name), { force: true });
    this.#local = undefined;
    this.#held = [];
    this.#hash = createHash('sha256');
    this.#walker = new PcapWalker();
  }

  /** Closes the file; its data is kept and can be resumed. */
  async close(): Promise<void> {
    await this.#part?.close();
    this.#part = undefined;
  }

  #add(chunk: Buffer): void {
    this.#walker.walk(chunk);
    this.#hash.update(chunk);
  }

  async #create(): Promise<void> {
    // A file without packets uses the time of its last change, if known.
    const start = this.#walker.result.first?.seconds ?? this.source.modified ?? 0;
    const name = fileName(this.#capture, this.source.seq, start, 'part');
    this.#part = await PartFile.create(join(this.#folder, name));
    this.#local = { name, seq: this.source.seq, stage: 'part' };
    const held = this.#held;
    this.#held = [];
    for (const chunk of held) await this.#part.append(chunk);
  }

  async #read(): Promise<void> {
    const path = this.#path();
    this.#part = await PartFile.reopen(path);
    if (!this.#part)
      throw new LocalProblem(`${path} is not a regular file`, {
        kind: 'exists',
        next: ['move it away'],
      });
    for await (const chunk of this.#part.content()) this.#add(chunk);
  }

  /** After a power failure, data may be missing from the middle of a file. */
  async #isOlderThanThisSystem(): Promise<boolean> {
    try {
      const { mtimeMs } = await stat(this.#path());
      return mtimeMs < Date.now() - uptime() * 1000;
    } catch (error) {
      throw localProblem(this.#path(), error);
    }
  }

  #path(): string {
    return join(this.#folder, this.#local?.name ?? '');
  }
}
