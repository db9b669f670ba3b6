import { wrongUsage } from '../../problem.ts';

/** The state of a file in the folder, encoded in its extension. */
export type Stage =
  /** NAME-0001-START.pcap: whole */
  | 'whole'
  /** NAME-0001-START.partial.pcap: whole packets, but not all of the file */
  | 'partial'
  /** NAME-0001-START.pcap.part: being copied */
  | 'part';

const ENDINGS: Readonly<Record<Stage, string>> = {
  whole: '.pcap',
  partial: '.partial.pcap',
  part: '.pcap.part',
};

/** Safe on all file systems, and cannot be a path. */
const CAPTURE_NAME = /^[a-z0-9](?:[a-z0-9._-]{0,98}[a-z0-9])?$/i;

/** Throws a Problem for a name that may not be part of file names; it may come from the cluster. */
export function checkCaptureFileName(name: string): void {
  if (CAPTURE_NAME.test(name)) return;
  throw wrongUsage(
    `the capture's name ${JSON.stringify(name)} cannot be used in file names`,
    'use at most 100 letters, digits, ".", "_" and "-"',
  );
}

/** `web-0001-20261124T130501Z.pcap`: sorts by number and by time. `start` is in seconds since 1970. */
export function fileName(capture: string, seq: number, start: number, stage: Stage): string {
  const time = new Date(start * 1000).toISOString().replace(/\.\d+|[-:]/g, '');
  return `${capture}-${String(seq).padStart(4, '0')}-${time}${ENDINGS[stage]}`;
}

export interface LocalFile {
  readonly name: string;
  readonly seq: number;
  readonly stage: Stage;
}

/** The names in a folder that are files of this capture. */
export function localFiles(capture: string, names: readonly string[]): LocalFile[] {
  return names.flatMap((name) => {
    if (!name.startsWith(`${capture}-`)) return [];
    const [, seq, ending] =
      /^(\d{4,9})-\d{8}T\d{6}Z(\.pcap|\.partial\.pcap|\.pcap\.part)$/.exec(
        name.slice(capture.length + 1),
      ) ?? [];
    const stage = (Object.keys(ENDINGS) as Stage[]).find(
      (candidate) => ENDINGS[candidate] === ending,
    );
    return stage ? [{ name, seq: Number(seq), stage }] : [];
  });
}

/** The name of the same file at another stage. */
export function atStage({ name, stage }: LocalFile, next: Stage): LocalFile['name'] {
  return name.slice(0, -ENDINGS[stage].length) + ENDINGS[next];
}
