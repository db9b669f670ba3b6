import { isObject, type JsonObject } from '../../jsonObject.ts';
import { Problem } from '../../problem.ts';

/** An object in the JSON of iproute2. Its fields depend on the version and on the object. */
export type IpRecord = JsonObject;

/**
 * Parses the JSON of ip, bridge or tc: one array, or several in sequence, as `-batch` prints them. iproute2 does not
 * escape control characters in names, as JSON requires, and prints `{}` for objects that a filter excludes. Throws a
 * Problem for anything else, such as truncated output.
 */
export function parseIpRecords(text: string): IpRecord[] {
  return parseIpBatch(text).flat();
}

/** As `parseIpRecords`, but returns an array for each command of a batch. A command without output has no line. */
export function parseIpBatch(text: string): IpRecord[][] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      let value: unknown;
      try {
        value = JSON.parse(line.replace(CONTROL, escapeControl));
      } catch (cause) {
        throw new Problem(`not JSON: ${line.slice(0, 80)}`, { kind: 'damaged', cause });
      }
      if (!Array.isArray(value))
        throw new Problem(`not a JSON array: ${line.slice(0, 80)}`, { kind: 'damaged' });
      return value.filter(isObject).filter((record) => Object.keys(record).length > 0);
    });
}

const CONTROL = /[\u0000-\u001f]/g;

function escapeControl(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

export function record(value: unknown): IpRecord {
  return isObject(value) ? value : {};
}

export function records(value: unknown): IpRecord[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

export function text(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? String(value) : undefined;
}

export function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

export function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.map(text).filter((item) => item !== undefined) : [];
}

/** Removes undefined fields, so that they do not appear in JSON. */
export function present<T extends object>(fields: T): Present<T> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as Present<T>;
}

type Present<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};
