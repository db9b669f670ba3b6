/** A wait shorter than this needs no line of its own; then it is told of twice a minute. */
const FIRST_NOTE_S = 5;
const NOTES_S = 30;

/** Tells the user of a wait, second by second: on the live line, and now and then in a line of its own. */
export function tellsOfWait(
  what: string,
  { waiting, note }: { waiting(text: string): void; note(text: string): void },
): (seconds: number) => void {
  return (seconds) => {
    const text = `still waiting for ${what} (${seconds} s)`;
    if (seconds >= FIRST_NOTE_S) waiting(`${text}  (Ctrl-C ends)`);
    if (seconds === FIRST_NOTE_S || (seconds > 0 && seconds % NOTES_S === 0)) note(text);
  };
}

/** Tells of a wait that begins now, each second, until what it gives is called. */
export function tellWhileWaiting(
  what: string,
  progress: { waiting(text: string): void; note(text: string): void },
): () => void {
  const tell = tellsOfWait(what, progress);
  const begin = Date.now();
  const telling = setInterval(() => tell(Math.round((Date.now() - begin) / 1000)), 1000);
  return () => clearInterval(telling);
}
