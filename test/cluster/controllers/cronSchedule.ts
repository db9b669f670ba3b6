const RANGES = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 7],
] as const;
/** If no minute matches within this time (two years), there is none. Minutes. */
const HORIZON = 2 * 366 * 24 * 60;
const MACROS: Readonly<Record<string, string>> = {
  '@hourly': '0 * * * *',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@weekly': '0 0 * * 0',
  '@monthly': '0 0 1 * *',
  '@yearly': '0 0 1 1 *',
};

/** The first minute after `after` that matches a cron schedule, in UTC. Undefined if there is none. */
export function nextMinute(schedule: string, after: Date): Date | undefined {
  const fields = (MACROS[schedule] ?? schedule).trim().split(/\s+/);
  if (fields.length !== 5) return undefined;
  const sets = fields.map((field, index) => valuesOf(field, RANGES[index] ?? [0, 59]));
  const [minutes, hours, days, months, weekdays] = sets;
  const isFreeDay = fields[2]?.startsWith('*');
  const isFreeWeekday = fields[4]?.startsWith('*');
  const start = Math.floor(after.getTime() / 60_000) + 1;
  for (let minute = start; minute < start + HORIZON; minute += 1) {
    const date = new Date(minute * 60_000);
    const isDay = days?.has(date.getUTCDate()) ?? false;
    const weekday = date.getUTCDay();
    const isWeekday = weekdays?.has(weekday) || (weekday === 0 && weekdays?.has(7)) || false;
    // As in cron, if both are given, one of them is enough.
    const fits = isFreeDay || isFreeWeekday ? isDay && isWeekday : isDay || isWeekday;
    if (!fits || !months?.has(date.getUTCMonth() + 1)) continue;
    if (hours?.has(date.getUTCHours()) && minutes?.has(date.getUTCMinutes())) return date;
  }
  return undefined;
}

/** The numbers of a field: `*`, `5`, `1-5`, a step as in every second minute, and lists of those. */
function valuesOf(field: string, [lowest, highest]: readonly [number, number]): Set<number> {
  const values = new Set<number>();
  for (const part of field.split(',')) {
    const [range = '*', step = '1'] = part.split('/');
    const [first, last] = range === '*' ? [lowest, highest] : range.split('-').map(Number);
    const end = last ?? (part.includes('/') ? highest : first);
    for (let value = Number(first); value <= Number(end); value += Math.max(1, Number(step)))
      values.add(value);
  }
  return values;
}
