import { parseDisplayFilter } from '../filters/display/parse.ts';
import { terminalSafe } from '../output/terminalSafe.ts';
import { linesCommand, numbersCommand, parseTsharkLine } from '../tools/tshark.ts';
import { type PacketInput, PacketStream } from './input/packetStream.ts';
import { lineOf, PacketDescriber } from './lines/packetLine.ts';
import type { TimeFormat } from './lines/timeText.ts';
import type { AddressNames } from './names.ts';
import { PacketWriter } from './packetWriter.ts';
import { compileSubset, type Predicate } from './select/subset.ts';
import { tsharkLines } from './select/tsharkProcess.ts';
import type { TimeWindow } from './timeWindow.ts';

/** Lines are written in batches. */
const BATCH_CHARACTERS = 128 * 1024;

export interface ReadRequest {
  readonly inputs: readonly PacketInput[];
  readonly window: TimeWindow;
  /** A display filter. */
  readonly filter?: string;
  /** The tshark that evaluates the filter. Without it, only a subset of the language is supported. */
  readonly tshark?: string;
  /** The number of packets after which to stop. */
  readonly count?: number;
  readonly names: AddressNames;
  readonly signal: AbortSignal;
  readonly write: (bytes: Buffer) => Promise<void>;
}

/** The result of reading. */
export interface ReadOutcome {
  /** Packets printed or written. */
  readonly selected: number;
  /** What could not be read, one sentence each. */
  readonly notes: readonly string[];
}

/**
 * Prints a line for each packet, as tshark does. Throws a Problem; NeedsTshark for a filter that is not supported here.
 */
export async function printPackets(
  request: ReadRequest & { readonly timeFormat: TimeFormat },
): Promise<ReadOutcome> {
  const { filter, tshark, timeFormat } = request;
  const stream = await PacketStream.open(request.inputs);
  try {
    const selected =
      filter !== undefined && tshark !== undefined
        ? await printWithTshark(tshark, filter, stream, request, timeFormat)
        : await printDecoded(stream, request, timeFormat);
    return { selected, notes: stream.notes };
  } finally {
    await stream.close();
  }
}

async function printDecoded(
  stream: PacketStream,
  request: ReadRequest,
  timeFormat: TimeFormat,
): Promise<number> {
  const { names, write, signal, count = Number.POSITIVE_INFINITY } = request;
  const isSelected = predicateOf(request);
  const describer = new PacketDescriber(names, timeFormat);
  let printed = 0;
  let text = '';
  while (printed < count && !signal.aborted && (await stream.more())) {
    names.addAll(stream.names);
    // Process all available packets before waiting for more, because their bytes are in a reused buffer.
    while (printed < count && stream.next()) {
      if (isSelected(stream)) {
        text += `${lineOf(describer.columns(stream))}\n`;
        printed += 1;
      } else describer.pass(stream);
      if (text.length >= BATCH_CHARACTERS) {
        await write(Buffer.from(text));
        text = '';
      }
    }
    if (text !== '') await write(Buffer.from(text));
    text = '';
  }
  return printed;
}

async function printWithTshark(
  tshark: string,
  filter: string,
  stream: PacketStream,
  { names, window, write, signal, count = Number.POSITIVE_INFINITY }: ReadRequest,
  timeFormat: TimeFormat,
): Promise<number> {
  const args = linesCommand(withWindow(filter, window), timeFormat);
  let printed = 0;
  for await (const lines of tsharkLines(tshark, args, stream)) {
    names.addAll(stream.names);
    const rows = lines.map(parseTsharkLine).filter((columns) => columns !== undefined);
    const remaining = rows.slice(0, count - printed);
    const text = remaining.map((columns) => {
      const [source, destination] = [names.of(columns.source), names.of(columns.destination)];
      return lineOf({ ...columns, source, destination, info: terminalSafe(columns.info) });
    });
    if (text.length > 0) await write(Buffer.from(`${text.join('\n')}\n`));
    printed += text.length;
    if (printed >= count || signal.aborted) break;
  }
  return printed;
}

/** Writes the packets to a pcapng file, with their interfaces and names. */
export async function writePackets(
  request: ReadRequest & { readonly application: string },
): Promise<ReadOutcome> {
  const { filter, tshark, count, signal, inputs } = request;
  const stream = await PacketStream.open(inputs);
  const writer = new PacketWriter(request.application, request.write);
  // Write the names before the packets, so that readers know them in time.
  writer.nameAddresses(request.names.all);
  try {
    const isSelected =
      filter !== undefined && tshark !== undefined ? undefined : predicateOf(request);
    const numbers = isSelected
      ? undefined
      : numbersFromTshark(tshark ?? '', withWindow(filter ?? '', request.window), inputs);
    let nextNumber = await numbers?.next();
    let isCountReached = false;
    while (!isCountReached && !signal.aborted && (await stream.more())) {
      writer.addNames(stream);
      while (!isCountReached && stream.next()) {
        if (isSelected ? !isSelected(stream) : nextNumber?.value !== stream.number) continue;
        if (!writer.add(stream)) {
          await writer.flush();
          writer.add(stream);
        }
        isCountReached = writer.packets === count;
        if (numbers && !isCountReached) {
          nextNumber = await numbers.next();
          isCountReached = nextNumber.done === true;
        }
      }
      await writer.flush();
    }
    await numbers?.return();
    writer.addNames(stream);
    if (writer.packets === 0) writer.describe(stream.interfaces);
    await writer.flush();
    return { selected: writer.packets, notes: stream.notes };
  } finally {
    await stream.close();
  }
}

function withWindow(filter: string, { filter: window }: TimeWindow): string {
  return window === undefined ? filter : `(${window}) && (${filter})`;
}

function predicateOf({ filter, window }: ReadRequest): Predicate {
  const isInWindow: Predicate = ({ cursor }) => window.contains(cursor);
  if (filter === undefined) return isInWindow;
  const matches = compileSubset(parseDisplayFilter(filter));
  return (stream) => isInWindow(stream) && matches(stream);
}

/** The numbers of the packets that tshark selects, in order. */
async function* numbersFromTshark(
  tshark: string,
  filter: string,
  inputs: readonly PacketInput[],
): AsyncGenerator<number, void> {
  const stream = await PacketStream.open(inputs);
  try {
    for await (const lines of tsharkLines(tshark, numbersCommand(filter), stream))
      for (const line of lines) if (/^\d+$/.test(line)) yield Number(line);
  } finally {
    await stream.close();
  }
}
