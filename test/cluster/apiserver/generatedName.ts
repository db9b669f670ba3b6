import { randomInt } from 'node:crypto';

// Kubernetes omits vowels and easily confused characters, so that no words arise.
const LETTERS = 'bcdfghjklmnpqrstvwxz2456789';

/** A name with this prefix, as requested with `generateName`. */
export function generatedName(prefix: string): string {
  return prefix + Array.from({ length: 5 }, () => LETTERS[randomInt(LETTERS.length)]).join('');
}

/** Digits as letters of the same alphabet, as in the hashes in the names of replica sets. */
export function safeEncoded(digits: string): string {
  return [...digits].map((digit) => LETTERS[digit.charCodeAt(0) % LETTERS.length]).join('');
}
