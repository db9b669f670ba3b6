/**
 * Parses a time: `2024-02-01 14:05:30.25` or `14:05` (today) in local time; with a `Z`, ` UTC` or an offset such as
 * `+02:00` in that time zone; or seconds since 1970. Returns seconds since 1970 as text, with the decimals as written;
 * undefined for anything else.
 */
export function epochSeconds(text: string, now = new Date()): string | undefined {
  const trimmed = text.trim();
  if (/^\d{9,}(\.\d+)?$/.test(trimmed)) return trimmed;
  const match =
    /^(?:(\d{4})-(\d\d?)-(\d\d?)(?:[T ]\s*|$))?(?:(\d\d?):(\d\d)(?::(\d\d)(\.\d+)?)?)?\s*(Z|UTC|GMT|[+-]\d\d:?\d\d)?$/i.exec(
      trimmed,
    );
  if (!match || trimmed === '') return undefined;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone] = match;
  if (year === undefined && match[4] === undefined) return undefined;
  const date: [number, number, number] =
    year === undefined ? dateInZone(now, zone) : [Number(year), Number(month) - 1, Number(day)];
  const clock: [number, number, number] = [Number(hour), Number(minute), Number(second)];
  if (date[1] > 11 || date[2] < 1 || date[2] > 31) return undefined;
  if (clock[0] > 23 || clock[1] > 59 || clock[2] > 60) return undefined;
  const seconds =
    zone === undefined
      ? new Date(...date, ...clock).getTime() / 1000
      : Date.UTC(...date, ...clock) / 1000 - offsetSeconds(zone);
  return `${seconds}${fraction}`;
}

function dateInZone(now: Date, zone: string | undefined): [number, number, number] {
  if (zone === undefined) return [now.getFullYear(), now.getMonth(), now.getDate()];
  const zoned = new Date(now.getTime() + offsetSeconds(zone) * 1000);
  return [zoned.getUTCFullYear(), zoned.getUTCMonth(), zoned.getUTCDate()];
}

function offsetSeconds(zone: string): number {
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)$/.exec(zone) ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60);
}
