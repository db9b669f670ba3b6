/** The latest time that a Date can represent, in seconds. */
const LAST_SECOND = 8.64e12;

/**
 * Formats a time as ISO 8601 in UTC with nine decimals: `nanoseconds` after `baseSeconds`, which is in seconds since
 * 1970.
 */
export function timeText(baseSeconds: number, nanoseconds: number): string {
  if (!Number.isFinite(nanoseconds)) return '';
  const after = Math.floor(nanoseconds / 1e9);
  const seconds = Math.min(LAST_SECOND, Math.max(-LAST_SECOND, baseSeconds + after));
  const rest = Math.round(nanoseconds - after * 1e9);
  const dateTime = new Date(seconds * 1000).toISOString().slice(0, -'.000Z'.length);
  return `${dateTime}.${String(rest).padStart(9, '0')}Z`;
}

/** Formats a duration: 15 min 1 s, 5.01 s, 127.5 ms, 214 µs. */
export function durationText(nanoseconds: number): string {
  if (nanoseconds < 1e6) return `${Math.round(nanoseconds / 1e3)} µs`;
  if (nanoseconds < 1e9) return `${trimZeros(nanoseconds / 1e6, 1)} ms`;
  if (nanoseconds < 60e9) return `${trimZeros(nanoseconds / 1e9, 2)} s`;
  const seconds = Math.round(nanoseconds / 1e9);
  const parts: readonly [number, string][] = [
    [Math.floor(seconds / 3600), 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ];
  return parts
    .filter(([value]) => value > 0)
    .map(([value, unit]) => `${value} ${unit}`)
    .join(' ');
}

function trimZeros(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}

/** Formats a count with its noun: 1 packet, 3 packets. */
export function pluralise(count: number, singular: string, plural = `${singular}s`): string {
  return `${count} ${count === 1 ? singular : plural}`;
}

/** Formats a share in percent, with as many decimals as needed. */
export function percentText(part: number, whole: number): string {
  if (whole === 0) return '0 %';
  const percent = (part / whole) * 100;
  return `${percent < 1 ? Number(percent.toPrecision(1)) : Number(percent.toFixed(1))} %`;
}

/** Converts to milliseconds, with microseconds as decimals. */
export function inMilliseconds(nanoseconds: number): number {
  return Math.round(nanoseconds / 1e3) / 1e3;
}
