import type { CaptureInterface } from '../captureInterface.ts';
import { Note } from '../notes.ts';
import { percentText, pluralise } from '../timeText.ts';
import type { Finder, FindingDraft } from './finder.ts';

/** No link carries larger frames. Jumbo frames of 9,000 bytes are only slightly smaller. */
const LARGEST_FRAME = 9_216;

/** A file that could not be read to the end. */
export interface BrokenFile {
  readonly path: string;
  /** Undefined if the file only ends inside a packet. */
  readonly damage: string | undefined;
  readonly packets: number;
}

/** Adds findings about what is missing from the capture. */
export function addCaptureFindings(
  finder: Finder,
  interfaces: readonly CaptureInterface[],
  broken: readonly BrokenFile[],
): void {
  for (const { path, damage, packets } of broken)
    finder.add({
      ...emptySeverity(damage === undefined ? 'info' : 'error'),
      kind: 'capture-damaged',
      what:
        damage === undefined
          ? `the file ends inside a packet, after ${pluralise(packets, 'whole packet')}: the recording or the copy was cut off`
          : `the file can only be read up to packet ${packets}: ${damage}`,
      who: path,
      causes:
        damage === undefined
          ? [
              'it is still being recorded or copied',
              'the recorder was killed, or its disk was full',
            ]
          : ['it was damaged in transfer, or written by two programs at once'],
    });
  for (const on of interfaces) addInterfaceFindings(finder, on);
}

function addInterfaceFindings(finder: Finder, on: CaptureInterface): void {
  const { dropped = 0, packets, truncated, copies, index, label } = on;
  const base = { who: label, interfaceIndex: index };
  if (dropped > 0)
    finder.add({
      ...emptySeverity('warning'),
      ...base,
      kind: 'capture-drops',
      what: `the capture itself lost ${pluralise(dropped, 'packet')} (${percentText(dropped, packets + dropped)})`,
      count: dropped,
      causes: [
        'more traffic than the recorder could write: use a filter or a snap length (-s)',
        'a slow disk or connection: spooled and detached captures lose fewer packets',
      ],
    });
  if (on.gaps > 0)
    finder.add({
      ...emptySeverity('warning'),
      ...base,
      kind: 'capture-gaps',
      what: `${pluralise(on.gaps, 'part')} of the recording ${on.gaps === 1 ? 'is' : 'are'} missing`,
      count: on.gaps,
      causes: [
        'the ring removed files before they were copied: more or larger files (-W, -C), or a narrower filter',
        'the interface disappeared; recording resumed when it was back',
      ],
    });
  if (copies > 0)
    finder.add({
      ...emptySeverity('info'),
      ...base,
      kind: 'capture-copies',
      what: `${pluralise(copies, 'packet')} of ${packets} are copies of others (same IP identification, equal or smaller TTL, same time): the capture saw them several times; they are not retransmissions`,
      count: copies,
      causes: [
        'the capture is on all interfaces (-i any) and sees a packet at each of them',
        'a mirror port that sends both directions of each link',
      ],
    });
  if (truncated > 0)
    finder.add({
      ...emptySeverity('info'),
      ...base,
      kind: 'packets-cut',
      what: `${pluralise(truncated, 'packet')} of ${packets} were truncated; their lengths are correct, but their content (TLS, DNS, HTTP) may be missing`,
      count: truncated,
      causes: [`a snap length${on.snapLength > 0 ? ` of ${on.snapLength} bytes` : ''} (-s)`],
    });
  if (on.offloaded > 0 || on.largestPacket > LARGEST_FRAME)
    finder.add({
      ...emptySeverity('info'),
      ...base,
      kind: 'offload',
      what: `packets of up to ${on.largestPacket} bytes are larger than the MTU: offload, not jumbo frames`,
      count: Math.max(1, on.offloaded),
      causes: [
        'the network card or kernel splits and joins segments (TSO, GRO, BIG TCP) outside of the point of capture',
      ],
    });
}

function emptySeverity(severity: FindingDraft['severity']) {
  return { severity, note: new Note(), interfaceIndex: -1, filter: '', count: 1 };
}
