import { recordTarget } from '../../capture/recorder/recordTarget.ts';
import { bytes, seconds } from '../../capture/units.ts';
import { everyPacket, expression } from '../../filters/capture/captureFilter.ts';
import type { KubeApi } from '../../kube/api.ts';
import { onePod } from '../../kube/targets/oneTarget.ts';
import type { NamedTarget } from '../../kube/targets/parseTargets.ts';
import type { Output } from '../../output/output.ts';
import { countText } from '../../output/quantities.ts';
import { isAlive } from '../../transfer/folderLock.ts';
import { note, notify } from '../console.ts';
import { count } from '../flags/valueTypes.ts';
import { onInterruption } from '../interruption.ts';
import { debuggerSettings } from '../settings.ts';
import type { ExtcapArguments } from './arguments.ts';

/** How long a capture may continue after Wireshark was killed, in milliseconds. */
const PARENT_CHECK_MS = 1000;
/** How long the recorder continues after the connection is lost, as in `capture`. */
const LINGER = seconds(60);

/** Captures into Wireshark's pipe until the pipe is closed, a signal arrives, or Wireshark is gone. */
export async function captureForWireshark(
  api: KubeApi,
  target: NamedTarget,
  output: Output,
  values: ExtcapArguments['values'],
): Promise<number> {
  const interruption = onInterruption({ handlesAbandon: true });
  const orphan = new AbortController();
  const stopWatching = onParentExit(() => orphan.abort());
  const image = values.get('image');
  const snapLength = count(0).parse(values.get('snaplen') ?? '0');
  const filter = values.get('extcap-capture-filter')?.trim();
  const settings = debuggerSettings(image === undefined ? {} : { image });
  try {
    const pod = await onePod(api, [target], {
      signal: interruption.signal,
      onNote: (notice) => notify({ ...notice, text: `kubectl netdebug: ${notice.text}` }),
    });
    const { statistics, gaps = [] } = await recordTarget(
      api,
      { pod },
      {
        settings,
        format: 'pcap',
        output,
        linger: LINGER,
        spec: {
          device: values.get('interface'),
          snapLength: snapLength > 0 ? bytes(snapLength) : undefined,
          filter: filter ? expression(filter) : everyPacket,
        },
        interrupt: AbortSignal.any([interruption.signal, orphan.signal]),
        abandon: interruption.abandon,
        progress: { note: () => {}, waiting: () => {}, capturing: () => {} },
      },
    );
    const dropped = (statistics.droppedByKernel ?? 0) + (statistics.droppedByInterface ?? 0);
    if (dropped > 0)
      warn(`${countText(dropped, 'packet')} DROPPED by the kernel: use a narrower filter`);
    if (gaps.length > 0)
      warn(`${countText(gaps.length, 'GAP')} in the capture: use a narrower filter`);
    return 0;
  } finally {
    stopWatching();
    interruption.release();
  }
}

/** A killed Wireshark sends no signal, and its closed pipe is only noticed at the next write. */
function onParentExit(callback: () => void): () => void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent && isAlive(parent)) return;
    clearInterval(timer);
    callback();
  }, PARENT_CHECK_MS);
  timer.unref();
  return () => clearInterval(timer);
}

function warn(text: string): void {
  note(`kubectl netdebug: ${text}`);
}
