/** Numbers and times as the page shows them. All times are in microseconds. */

import { durationText } from '../../reading/timeText.ts';

const counts = new Intl.NumberFormat('en');

export function numberText(value: number): string {
  return counts.format(value);
}

export function rateText(perSecond: number, unit: 'bit/s' | 'packets/s'): string {
  const units =
    unit === 'bit/s'
      ? ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s', 'Tbit/s']
      : ['/s', 'k/s', 'M/s', 'G/s'];
  return scaled(perSecond, units);
}

function scaled(value: number, units: readonly string[]): string {
  let rest = value;
  let unit = 0;
  while (rest >= 999.5 && unit < units.length - 1) {
    rest /= 1000;
    unit += 1;
  }
  const digits = rest === 0 || rest >= 99.95 || (unit === 0 && Number.isInteger(rest)) ? 0 : 1;
  return `${rest.toFixed(digits)} ${units[unit]}`;
}

/** A duration: 214 µs, 12.5 ms, 1.25 s, 2 min 5 s; negative ones have a sign. */
export function spanText(microseconds: number): string {
  const sign = microseconds < 0 ? '−' : '';
  return sign + durationText(Math.abs(microseconds) * 1e3);
}

/** The time of day in UTC, with `digits` decimals of a second. `start` is in milliseconds since 1970. */
export function utcClockText(start: number, microseconds: number, digits = 3): string {
  const wholeSecond = Math.floor(microseconds / 1e6) * 1e6;
  const base = start % 1000;
  // Only the parts below a second are added, as integers, to keep microseconds exact.
  const micros = base * 1000 + (microseconds - wholeSecond);
  const seconds = (start - base) / 1000 + wholeSecond / 1e6 + Math.floor(micros / 1e6);
  const text = new Date(seconds * 1000).toISOString().slice(11, 19);
  if (digits === 0) return text;
  const fraction = String(Math.floor(micros % 1e6)).padStart(6, '0');
  return `${text}.${fraction.slice(0, digits)}`;
}

const STATES: Readonly<Record<string, string>> = {
  S0: 'no answer',
  S1: 'open',
  S2: 'client closed',
  S3: 'server closed',
  SF: 'complete',
  REJ: 'refused',
  RSTO: 'reset by client',
  RSTR: 'reset by server',
  RSTOS0: 'given up',
  RSTRH: 'reset early',
  SH: 'half seen',
  SHR: 'half seen',
  OTH: 'in part',
};

/** Zeek's conn_state in words. */
export function stateText(state: string): string {
  return STATES[state] ?? state;
}
