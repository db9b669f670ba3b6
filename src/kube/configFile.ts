import { readFileSync } from 'node:fs';
import { errorCode, messageOf, Problem } from '../problem.ts';

const ERROR_TEXTS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EISDIR: 'is a directory',
  ENOTDIR: 'not a directory',
  EEXIST: 'file exists',
};

/** Why a file cannot be opened, in the system's words as kubectl shows them. */
export function fileErrorText(error: unknown): string {
  return ERROR_TEXTS[errorCode(error) ?? ''] ?? messageOf(error);
}

/** Reads a file that the kubeconfig or a flag names. Throws a Problem with kubectl's wording if it cannot be read. */
export function readConfigFile(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new Problem(`open ${file}: ${fileErrorText(error)}`, {
      kind: 'configuration',
      cause: error,
    });
  }
}

/** As in kubectl, the data form (base64) takes precedence over the file form. */
export function fileOrData(file: string | undefined, data: string | undefined): Buffer | undefined {
  if (data) return Buffer.from(data, 'base64');
  return file ? readConfigFile(file) : undefined;
}
