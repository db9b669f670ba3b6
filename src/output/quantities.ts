const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** Formats bytes for people, in powers of 1000 as in tcpdump's -C: `1.5 MB`. */
export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 99.95 ? value.toFixed(0) : value.toFixed(1)} ${UNITS[unit]}`;
}

/** A count with its noun: `1 packet`, `1,234 packets`. */
export function countText(count: number, noun: string): string {
  // Not toLocaleString, because its first call takes 15 ms.
  const digits = String(count).replace(/\B(?=(\d{3})+$)/g, ',');
  return `${digits} ${noun}${count === 1 ? '' : 's'}`;
}

/** Formats elapsed time: `0:07`, `1:02:03`. */
export function elapsedText(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const pad = (part: number) => String(part).padStart(2, '0');
  return h > 0 ? `${h}:${pad(m)}:${pad(s)}` : `${m}:${pad(s)}`;
}

/** Formats a duration in milliseconds as kubectl shows ages: `45s`, `12m`, `3h`, `2d`. */
export function ageText(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 2 * 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 2 * 86_400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

/** The local time of day, `13:04:41`, with the date if it is not today; from milliseconds since 1970. */
export function clockText(time: number): string {
  const date = new Date(time);
  const clock = date.toTimeString().slice(0, 'HH:MM:SS'.length);
  if (date.toDateString() === new Date().toDateString()) return clock;
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()];
  return `${day.map((part) => String(part).padStart(2, '0')).join('-')} ${clock}`;
}

/** The sum of numbers; undefined ones count as 0. */
export function sum(values: Iterable<number | undefined>): number {
  let total = 0;
  for (const value of values) total += value ?? 0;
  return total;
}
