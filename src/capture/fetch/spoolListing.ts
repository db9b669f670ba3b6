import { Problem } from '../../problem.ts';

/** A file of the ring as `list` names it. */
export interface SpooledFile {
  readonly seq: number;
  /** Bytes when it was listed; the last word when it is closed. */
  readonly size: number;
  /** Seconds since 1970. */
  readonly modified: number;
  /** Whether the recorder is still writing it. */
  readonly open: boolean;
  /** The engine's own name for it. */
  readonly name: string;
}

export interface SpoolListing {
  /** What the recorder says of itself, by name. */
  readonly state: ReadonlyMap<string, string>;
  /** In the order of recording. */
  readonly files: readonly SpooledFile[];
}

const FILE = /^file ([1-9]\d{0,8}) (\d{1,15}) (\d{1,12}) (open|closed) (\S.{0,254})$/;
const STATE = /^state (\S{1,64})(?: (.*))?$/;

/** Reads what the verb `list` printed; a Problem when it is cut off or makes no sense. */
export function parseListing(text: string): SpoolListing {
  const lines = text.split('\n');
  if (!lines.includes('ok')) throw new CutListing('the list of the recorded files was cut off');
  const state = new Map<string, string>();
  const files: SpooledFile[] = [];
  for (const line of lines) {
    const [, name, value = ''] = STATE.exec(line) ?? [];
    if (name !== undefined) state.set(name, value.trim());
    else if (line.startsWith('file ')) files.push(spooledFile(line));
  }
  files.sort((a, b) => a.seq - b.seq);
  const twice = files.find(({ seq }, index) => files[index - 1]?.seq === seq);
  if (twice) throw new Problem(`the pod lists file ${twice.seq} twice`);
  return { state, files };
}

/** The list did not come whole: asking again may help. */
export class CutListing extends Problem {}

function spooledFile(line: string): SpooledFile {
  const [, seq, size, modified, open, name = ''] = FILE.exec(line) ?? [];
  if (seq === undefined)
    throw new Problem(`the pod lists a file that cannot be: ${JSON.stringify(line)}`);
  return {
    seq: Number(seq),
    size: Number(size),
    modified: Number(modified),
    open: open === 'open',
    name,
  };
}
