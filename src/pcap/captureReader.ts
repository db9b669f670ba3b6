import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { constants, createGunzip } from 'node:zlib';
import { openCursor } from './openCursor.ts';
import type { PacketCursor } from './packetCursor.ts';
import { NotPcap } from './records.ts';

/** Large enough that a read costs nothing per packet, small enough to stay in the processor's cache. */
const CHUNK_BYTES = 2 * 1024 * 1024;
/** Room in front of each chunk for the packet that the chunk before ended in. */
const HEADROOM_BYTES = 256 * 1024 + 64;
const GZIP_MAGIC = 0x1f8b;
const GZIP_CHUNK_BYTES = 1024 * 1024;
/** Enough to see that a stream is not a capture, when it ends before its header does. */
const MAGIC_BYTES = 4;

/** Bytes of a capture, with room in front of them that may be overwritten. */
interface Chunk {
  readonly bytes: Buffer;
  readonly headroom: number;
}

/**
 * Reads the packets of one capture file or stream: pcap and pcapng, plain or gzip.
 *
 *     const reader = await openCapture(path);
 *     try {
 *       while (await reader.more()) while (reader.next()) use(reader.cursor);
 *     } finally {
 *       await reader.close();
 *     }
 *
 * A file that ends inside a packet, or is damaged from somewhere on, is read up to there: see `cutOff`
 * and `damage` afterwards. Only a stream that is not a capture at all is refused, with NotPcap.
 */
export class CaptureReader {
  /** Packets passed. */
  packets = 0;
  /** Why the rest of the file could not be read. */
  damage: string | undefined;
  readonly #chunks: AsyncGenerator<Chunk, void>;
  #cursor: PacketCursor | undefined;
  /** The first bytes, too few to tell what they are. */
  #opening: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncGenerator<Chunk, void>) {
    this.#chunks = chunks;
  }

  /** The cursor on the current packet. Valid after more() gave true. */
  get cursor(): PacketCursor {
    if (!this.#cursor) throw new Error('nothing was read');
    return this.#cursor;
  }

  /** Bytes at the end that are only a part of a packet. */
  get cutOff(): number {
    return this.damage === undefined ? (this.#cursor?.pending ?? 0) : 0;
  }

  /** Waits for the next bytes; false at the end. Throws NotPcap when this is not a capture. */
  async more(): Promise<boolean> {
    while (this.damage === undefined) {
      const { value: chunk, done } = await this.#nextChunk();
      if (done || !chunk) break;
      if (this.#cursor) {
        this.#cursor.push(chunk.bytes, chunk.headroom);
        return true;
      }
      const beginning =
        this.#opening.length === 0 ? chunk.bytes : Buffer.concat([this.#opening, chunk.bytes]);
      this.#cursor = openCursor(beginning);
      if (this.#cursor) return true;
      this.#opening = beginning;
    }
    if (!this.#cursor)
      throw new NotPcap(
        this.#opening.length === 0 ? 'it is empty' : `it ends after ${this.#opening.length} bytes`,
      );
    return false;
  }

  /** Goes to the next packet; false when more() is needed for it. Throws NotPcap. */
  next(): boolean {
    if (this.damage !== undefined) return false;
    try {
      if (!this.cursor.next()) return false;
    } catch (error) {
      // Without an interface not even the header could be read.
      if (!(error instanceof NotPcap) || this.cursor.interfaces.length === 0) throw error;
      this.damage = error.message;
      return false;
    }
    this.packets += 1;
    return true;
  }

  async close(): Promise<void> {
    await this.#chunks.return();
  }

  /** A compressed file that is cut off, or damaged, is read as far as it goes. */
  async #nextChunk(): Promise<IteratorResult<Chunk, void>> {
    try {
      return await this.#chunks.next();
    } catch (error) {
      if (!isZlibError(error) || !this.#cursor) throw error;
      this.damage = `the compressed data is cut off or damaged (${error.message})`;
      return { done: true, value: undefined };
    }
  }
}

/** Opens a capture file. Throws the system's error when that fails; see CaptureReader. */
export async function openCapture(path: string): Promise<CaptureReader> {
  const file = await open(path);
  const magic = Buffer.alloc(2);
  // A pipe or device has no position to come back to.
  const isRegular = (await file.stat()).isFile();
  if (!isRegular) return new CaptureReader(streamChunks(file.createReadStream()));
  await file.read(magic, 0, magic.length, 0);
  if (magic.readUInt16BE() === GZIP_MAGIC)
    return new CaptureReader(streamChunks(gunzip(file.createReadStream())));
  return new CaptureReader(fileChunks(file));
}

/** Reads a capture from a stream, such as standard input. */
export function openCaptureStream(stream: Readable): CaptureReader {
  return new CaptureReader(streamChunks(stream));
}

function gunzip(stream: Readable): Readable {
  // What is there of a cut file is given out before the error is.
  const unzipped = createGunzip({
    chunkSize: GZIP_CHUNK_BYTES,
    finishFlush: constants.Z_SYNC_FLUSH,
  });
  stream.on('error', (error) => unzipped.destroy(error));
  unzipped.on('close', () => stream.destroy());
  return stream.pipe(unzipped);
}

async function* streamChunks(stream: Readable): AsyncGenerator<Chunk, void> {
  let beginning: Buffer = Buffer.alloc(0);
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer, void>;
  // A stream tells only by its first bytes that it is compressed.
  while (beginning.length < MAGIC_BYTES) {
    const { value, done } = await chunks.next();
    if (done || !value) break;
    beginning = Buffer.concat([beginning, value]);
  }
  const isZipped = beginning.length >= 2 && beginning.readUInt16BE() === GZIP_MAGIC;
  if (isZipped) {
    const rest = (async function* () {
      yield beginning;
      for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
    })();
    for await (const bytes of gunzip(Readable.from(rest, { objectMode: false })))
      yield { bytes, headroom: 0 };
    return;
  }
  try {
    if (beginning.length > 0) yield { bytes: beginning, headroom: 0 };
    for (let next = await chunks.next(); !next.done; next = await chunks.next())
      yield { bytes: next.value as Buffer, headroom: 0 };
  } finally {
    stream.destroy();
  }
}

/**
 * Reads the next chunk while the current one is used. Three buffers take turns: the end of the chunk
 * before the current one is still needed when the current one is handed over.
 */
async function* fileChunks(file: FileHandle): AsyncGenerator<Chunk, void> {
  const buffers = [0, 1, 2].map(() => Buffer.allocUnsafeSlow(HEADROOM_BYTES + CHUNK_BYTES));
  const read = (index: number) =>
    file.read(buffers[index % 3] as Buffer, HEADROOM_BYTES, CHUNK_BYTES, null);
  let reading: ReturnType<typeof read> | undefined;
  try {
    reading = read(0);
    for (let index = 0; ; index++) {
      const { bytesRead } = await reading;
      reading = undefined;
      if (bytesRead === 0) return;
      const buffer = buffers[index % 3] as Buffer;
      reading = read(index + 1);
      yield {
        bytes: buffer.subarray(HEADROOM_BYTES, HEADROOM_BYTES + bytesRead),
        headroom: HEADROOM_BYTES,
      };
    }
  } finally {
    await reading?.catch(() => {});
    await file.close();
  }
}

function isZlibError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');
}
