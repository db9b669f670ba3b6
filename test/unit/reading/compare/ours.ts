import { join } from 'node:path';
import { openCapture } from '../../../../src/pcap/captureReader.ts';
import type { Conversation } from '../../../../src/reading/conversation.ts';
import { Summarizer } from '../../../../src/reading/summarizer.ts';
import { FOLDER } from './captures.ts';

/** The analysis of a segment, in the bits of SEGMENT. */
export interface FoundSegment {
  readonly flags: number;
  readonly conversation: Conversation;
  readonly isCopy: boolean;
}

export interface Ours {
  readonly conversations: readonly Conversation[];
  /** By packet number; for tunnelled packets, the innermost segment. */
  readonly segments: ReadonlyMap<number, FoundSegment>;
  /** The numbers of an interface's packets, by its number in the file. */
  readonly numbers: ReadonlyMap<number, readonly number[]>;
  readonly summarizer: Summarizer;
  readonly damage: string | undefined;
}

/** netdebug's whole result for a capture of the folder. */
export async function readOurs(capture: string): Promise<Ours> {
  const conversations: Conversation[] = [];
  const segments = new Map<number, FoundSegment>();
  const summarizer = new Summarizer({
    conversationClosed: (conversation) => conversations.push(conversation),
    segmentAdded: (packet, flags, conversation, isCopy) =>
      segments.set(packet, { flags, conversation, isCopy }),
  });
  summarizer.beginCapture(capture);
  const reader = await openCapture(join(FOLDER, capture));
  summarizer.beginFile();
  const numbers = new Map<number, number[]>();
  while (await reader.readChunk())
    while (reader.next()) {
      const { cursor, packets } = reader;
      summarizer.add(cursor);
      const fileNumbers = numbers.get(cursor.interfaceIndex);
      if (fileNumbers) fileNumbers.push(packets);
      else numbers.set(cursor.interfaceIndex, [packets]);
    }
  summarizer.endFile(reader.cursor);
  await reader.close();
  summarizer.finish();
  return { conversations, segments, numbers, summarizer, damage: reader.damage };
}
