import { readFileSync } from 'node:fs';
import { errorCode, messageOf, Problem } from '../problem.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EISDIR: 'is a directory',
  ENOTDIR: 'not a directory',
  EEXIST: 'file exists',
};

/** Why a file cannot be opened, in the words that kubectl has from the system. */
export function fileReason(error: unknown): string {
  return REASONS[errorCode(error) ?? ''] ?? messageOf(error);
}

/** A file that the kubeconfig or a flag names; a Problem in kubectl's words when it is not there. */
export function readNamed(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new Problem(`open ${file}: ${fileReason(error)}`, {
      kind: 'configuration',
      cause: error,
    });
  }
}

/** kubectl: the data form (base64) wins over the file form. */
export function fileOrData(file: string | undefined, data: string | undefined): Buffer | undefined {
  if (data) return Buffer.from(data, 'base64');
  return file ? readNamed(file) : undefined;
}
