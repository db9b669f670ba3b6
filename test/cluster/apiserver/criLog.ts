/** One line of a container's log file as CRI runtimes write it: `TIME stdout|stderr F|P TEXT`. */
export interface LogLine {
  /** RFC 3339 with nanoseconds, as in the file. */
  readonly time: string;
  /** The text. It ends with a newline unless the container has written only a part of the line. */
  readonly text: Buffer;
}

const NEWLINE = 0x0a;
const SPACE = 0x20;

/** Splits the bytes of a log file into lines. Keeps an incomplete line for the next chunk. */
export class LogParser {
  #rest = Buffer.alloc(0);

  push(chunk: Buffer): LogLine[] {
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    const lines: LogLine[] = [];
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      const line = parseLine(bytes.subarray(start, end + 1));
      if (line) lines.push(line);
      start = end + 1;
    }
    this.#rest = Buffer.from(bytes.subarray(start));
    return lines;
  }
}

function parseLine(bytes: Buffer): LogLine | undefined {
  const afterTime = bytes.indexOf(SPACE);
  const afterStream = bytes.indexOf(SPACE, afterTime + 1);
  const afterTag = bytes.indexOf(SPACE, afterStream + 1);
  if (afterTime < 0 || afterStream < 0 || afterTag < 0) return undefined;
  const isPartial = bytes.toString('latin1', afterStream + 1, afterTag).startsWith('P');
  return {
    time: bytes.toString('latin1', 0, afterTime),
    text: bytes.subarray(afterTag + 1, isPartial ? -1 : undefined),
  };
}
