import { errorCode, messageOf, Problem } from '../problem.ts';

/** A failure on this computer: retrying with the pod does not help. */
export class LocalProblem extends Problem {}

/** Explains why a local file could not be created, written or renamed; `path` is the path as the user knows it. */
export function localProblem(path: string, error: unknown): Problem {
  if (error instanceof Problem) return error;
  switch (errorCode(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new LocalProblem(`the disk is full: ${path} cannot be written`, {
        kind: 'disk-full',
        next: ['free some space and run the same command again: it resumes where it stopped'],
        cause: error,
      });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new LocalProblem(`cannot write ${path}: ${reasonText(error)}`, {
        kind: 'not-written',
        next: ['choose a folder that you can write to, or close the program that uses the file'],
        cause: error,
      });
    default:
      return new LocalProblem(`cannot write ${path}: ${reasonText(error)}`, {
        kind: 'not-written',
        cause: error,
      });
  }
}

/** The text of a system error without its code: `no such file or directory, open 'x'`. */
function reasonText(error: unknown): string {
  return messageOf(error).replace(/^\w+: /, '');
}
