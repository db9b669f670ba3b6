import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { constants, createGunzip } from 'node:zlib';
import { openCursor } from './openCursor.ts';
import type { PacketCursor } from './packetCursor.ts';
import { InvalidPcapError } from './records.ts';

/** Large enough to make the cost of a read per packet negligible, small enough to fit in the processor's cache. */
const CHUNK_BYTES = 2 * 1024 * 1024;
/** Space before each chunk for the beginning of a packet that straddles the chunk before. */
const HEADROOM_BYTES = 256 * 1024 + 64;
const GZIP_MAGIC = 0x1f8b;
const GZIP_CHUNK_BYTES = 1024 * 1024;
/** Enough to tell that a stream is not a capture if it ends before its header does. */
const MAGIC_BYTES = 4;

/** Bytes of a capture, with space before them that may be overwritten. */
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
 * A file that ends inside a packet, or is damaged, is read up to that point: see `truncatedBytes` and `damage` afterwards.
 * Throws InvalidPcapError only if the stream is not a capture at all.
 */
export class CaptureReader {
  /** Packets read so far. */
  packets = 0;
  /** Why the rest of the file could not be read. */
  damage: string | undefined;
  readonly #chunks: AsyncGenerator<Chunk, void>;
  #cursor: PacketCursor | undefined;
  /** The first bytes, while they are too few to recognize the format. */
  #beginning: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncGenerator<Chunk, void>) {
    this.#chunks = chunks;
  }

  /** The cursor at the current packet. Valid once more() has returned true. */
  get cursor(): PacketCursor {
    if (!this.#cursor) throw new Error('nothing was read');
    return this.#cursor;
  }

  /** The length of an incomplete packet at the end, in bytes. */
  get truncatedBytes(): number {
    return this.damage === undefined ? (this.#cursor?.pending ?? 0) : 0;
  }

  /** Waits for the next bytes; false at the end. Throws InvalidPcapError if this is not a capture. */
  async readChunk(): Promise<boolean> {
    while (this.damage === undefined) {
      const { value: chunk, done } = await this.#nextChunk();
      if (done || !chunk) break;
      if (this.#cursor) {
        this.#cursor.push(chunk.bytes, chunk.headroom);
        return true;
      }
      const beginning =
        this.#beginning.length === 0 ? chunk.bytes : Buffer.concat([this.#beginning, chunk.bytes]);
      this.#cursor = openCursor(beginning);
      if (this.#cursor) return true;
      this.#beginning = beginning;
    }
    if (!this.#cursor)
      throw new InvalidPcapError(
        this.#beginning.length === 0
          ? 'it is empty'
          : `it ends after ${this.#beginning.length} bytes`,
      );
    return false;
  }

  /** Advances to the next packet; false if readChunk() must be called first. Throws InvalidPcapError. */
  next(): boolean {
    if (this.damage !== undefined) return false;
    try {
      if (!this.cursor.next()) return false;
    } catch (error) {
      // Without an interface, not even the file header was valid.
      if (!(error instanceof InvalidPcapError) || this.cursor.interfaces.length === 0) throw error;
      this.damage = error.message;
      return false;
    }
    this.packets += 1;
    return true;
  }

  async close(): Promise<void> {
    await this.#chunks.return();
  }

  /** A truncated or damaged compressed file is read up to the damage. */
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

/** Opens a capture file. Throws the system's error if that fails. See CaptureReader. */
export async function openCapture(path: string): Promise<CaptureReader> {
  const file = await open(path);
  const magic = Buffer.alloc(2);
  // Pipes and devices cannot be read again from the start.
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
  // Output the data of a truncated file before the error.
  const decompressed = createGunzip({
    chunkSize: GZIP_CHUNK_BYTES,
    finishFlush: constants.Z_SYNC_FLUSH,
  });
  stream.on('error', (error) => decompressed.destroy(error));
  decompressed.on('close', () => stream.destroy());
  return stream.pipe(decompressed);
}

async function* streamChunks(stream: Readable): AsyncGenerator<Chunk, void> {
  let beginning: Buffer = Buffer.alloc(0);
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer, void>;
  // Only the first bytes of a stream show whether it is compressed.
  while (beginning.length < MAGIC_BYTES) {
    const { value, done } = await chunks.next();
    if (done || !value) break;
    beginning = Buffer.concat([beginning, value]);
  }
  const isGzip = beginning.length >= 2 && beginning.readUInt16BE() === GZIP_MAGIC;
  if (isGzip) {
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
 * Reads the next chunk while the current one is used. Three buffers are used in turn, because the end of the previous
 * chunk is still needed when the current one is returned.
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
