import type { Notice } from '../notice.ts';
import { moment } from '../timing.ts';

/** During a long wait, a permanent line is printed twice a minute. */
const NOTES_S = 30;

/** Shows a wait to the user. */
interface WaitProgress {
  waiting(text: string): void;
  note(notice: Notice): void;
}

/**
 * Shows the user a wait: each second on the status line, and every NOTES_S in a line of its own. The trace contains it
 * if it lasts a second.
 */
export function waitNotices(
  what: string,
  { waiting, note }: WaitProgress,
): (seconds: number) => void {
  let isSlow = false;
  return (seconds) => {
    if (seconds >= 1 && !isSlow) moment('slow start', what);
    isSlow ||= seconds >= 1;
    const text = `still waiting for ${what} (${seconds} s)`;
    if (seconds >= 1) waiting(`${text}  (Ctrl-C ends)`);
    if (seconds > 0 && seconds % NOTES_S === 0) note({ kind: 'waiting', text });
  };
}

/** Shows a wait that begins now, each second, until the returned function is called. */
export function showWaiting(what: string, progress: WaitProgress): () => void {
  const tell = waitNotices(what, progress);
  const begin = Date.now();
  const telling = setInterval(() => tell(Math.round((Date.now() - begin) / 1000)), 1000);
  return () => clearInterval(telling);
}
