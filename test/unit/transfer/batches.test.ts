import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { flattenBatches, readBatches } from '../../../src/transfer/batches.ts';

/** A stream into which chunks are pushed by the test. */
function handFed(): Readable {
  return new Readable({ highWaterMark: 512 * 1024, read: () => {} });
}

const turn = () => new Promise(setImmediate);

describe('the chunks of a stream in batches', () => {
  it('arrive together if they came together, without a copy', async () => {
    const stream = handFed();
    const batches = readBatches(stream);
    const first = batches.next();
    await turn();
    const chunks = [Buffer.from('one'), Buffer.from('two'), Buffer.from('three')];
    for (const chunk of chunks) stream.push(chunk);
    const { value } = await first;
    expect(value).toHaveLength(3);
    for (const [index, chunk] of chunks.entries())
      expect((value as Buffer[])[index]?.buffer).toBe(chunk.buffer);
    stream.push(null);
    expect(await batches.next()).toEqual({ done: true, value: undefined });
  });

  it('are complete, whatever happened to the stream before', async () => {
    const stream = handFed();
    stream.pause();
    stream.push(Buffer.from('before'));
    stream.push(null);
    await turn();
    expect(String(await buffer(flattenBatches(readBatches(stream))))).toBe('before');
  });

  it('wait in the stream, which stops its source, while nobody reads', async () => {
    const stream = handFed();
    const batches = readBatches(stream);
    const first = batches.next();
    await turn();
    let pushed = 0;
    let isWanted = true;
    const push = () => {
      pushed += 10_000;
      isWanted = stream.push(Buffer.alloc(10_000, pushed % 251));
    };
    for (push(); isWanted && pushed < 10_000_000; await turn()) push();
    expect(pushed).toBeLessThan(2_000_000);
    let read = 0;
    for (const chunk of (await first).value as Buffer[]) read += chunk.length;
    stream.push(null);
    for await (const batch of batches) for (const { length } of batch) read += length;
    expect(read).toBe(pushed);
  });

  it('arrive before the failure of the stream', async () => {
    const stream = handFed();
    const read: string[] = [];
    const reading = (async () => {
      for await (const chunk of flattenBatches(readBatches(stream))) read.push(String(chunk));
    })();
    await turn();
    stream.push(Buffer.from('so far'));
    stream.destroy(new Error('broken'));
    await expect(reading).rejects.toThrow('broken');
    expect(read).toEqual(['so far']);
  });

  it('end with an error if the stream is closed without an end', async () => {
    const stream = handFed();
    const reading = readBatches(stream).next();
    await turn();
    stream.destroy();
    await expect(reading).rejects.toThrow(/premature/i);
  });

  it('are no longer read when their reader stops', async () => {
    const stream = handFed();
    stream.push(Buffer.from('x'));
    for await (const batch of readBatches(stream)) {
      expect(batch).toHaveLength(1);
      break;
    }
    expect(stream.destroyed).toBe(true);
    expect(stream.listenerCount('data')).toBe(0);
  });
});
