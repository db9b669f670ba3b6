import { isObject, type JsonObject } from '../../jsonObject.ts';
import type { FileFault } from '../model/cniFacts.ts';

/** A file as it was found on a node. */
export interface FoundFile {
  readonly path: string;
  readonly content: Buffer;
  /** Seconds since 1970. */
  readonly modifiedAt?: number;
  readonly fault?: FileFault;
}

/** Reads a file that should contain a JSON object, or says what is wrong with it. */
export function parseJsonFile(file: FoundFile): { value?: JsonObject; fault?: FileFault } {
  if (file.fault) return { fault: file.fault };
  if (file.content.length === 0) return { fault: { reason: 'empty' } };
  if (file.content.includes(0)) return { fault: { reason: 'binary' } };
  try {
    const value: unknown = JSON.parse(file.content.toString());
    return isObject(value) ? { value } : { fault: { reason: 'not-json', detail: 'no object' } };
  } catch (error) {
    const detail = (error as Error).message;
    const cut = /end of JSON|Unterminated|Expected .* after/.test(detail);
    return { fault: { reason: cut ? 'truncated' : 'not-json', detail: detail.slice(0, 200) } };
  }
}

/** The text of a file, cut at 64 KiB. */
export function fileText({ content }: FoundFile): string {
  return content.subarray(0, 65_536).toString();
}

/** Names of values that must not appear in a dump, such as the tokens of plugins. They are replaced by null. */
const SECRET = /token|password|passwd|secret|credential|private_?key|auth$|_key$|cert$/i;

export function hideSecrets(value: unknown, depth = 0): unknown {
  if (Array.isArray(value)) return value.map((item) => hideSecrets(item, depth + 1));
  if (!isObject(value) || depth > 32) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      SECRET.test(key) && typeof item === 'string' ? null : hideSecrets(item, depth + 1),
    ]),
  );
}
