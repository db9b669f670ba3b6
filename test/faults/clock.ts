import { Transform } from 'node:stream';

const RFC3339 = /"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?Z"/g;

/** The Date header of a server whose clock is this many seconds ahead. */
export function skewedDate(seconds: number): string {
  return new Date(Date.now() + seconds * 1000).toUTCString();
}

/** Forwards lines of JSON with all their times shifted. */
export function shiftTimes(seconds: number): Transform {
  let line = '';
  return new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      const lines = (line + chunk.toString('latin1')).split('\n');
      line = lines.pop() ?? '';
      for (const completeLine of lines)
        this.push(Buffer.from(`${shiftText(completeLine, seconds)}\n`, 'latin1'));
      callback();
    },
    flush(callback) {
      callback(null, Buffer.from(shiftText(line, seconds), 'latin1'));
    },
  });
}

function shiftText(text: string, seconds: number): string {
  return text.replace(RFC3339, (_all, time: string, fraction = '') => {
    const shiftedTime = new Date(Date.parse(`${time}Z`) + seconds * 1000).toISOString();
    return `"${shiftedTime.slice(0, 19)}${fraction}Z"`;
  });
}
