import type { ServerResponse } from 'node:http';

/** Seconds by which the clock behind an answer is ahead. */
const skews = new WeakMap<ServerResponse, number>();

const RFC3339 = /"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?Z"/g;

/** Makes an answer one of a server whose clock is that many seconds ahead. */
export function skewClock(response: ServerResponse, seconds: number): void {
  skews.set(response, seconds);
  response.setHeader('date', new Date(Date.now() + seconds * 1000).toUTCString());
}

/** JSON text with its times as the clock behind the answer tells them. */
export function withClock(response: ServerResponse, json: string): string {
  const seconds = skews.get(response);
  if (seconds === undefined) return json;
  return json.replace(RFC3339, (_all, time: string, fraction = '') => {
    const shifted = new Date(Date.parse(`${time}Z`) + seconds * 1000).toISOString();
    return `"${shifted.slice(0, 19)}${fraction}Z"`;
  });
}
