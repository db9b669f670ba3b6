import { randomInt } from 'node:crypto';

// Kubernetes leaves out vowels and what is read wrong, so that no words arise.
const LETTERS = 'bcdfghjklmnpqrstvwxz2456789';

/** A name that begins like that, as `generateName` asks for it. */
export function generatedName(prefix: string): string {
  return prefix + Array.from({ length: 5 }, () => LETTERS[randomInt(LETTERS.length)]).join('');
}

/** Digits as letters of the same alphabet, as hashes in the names of replica sets are written. */
export function safeEncoded(digits: string): string {
  return [...digits].map((digit) => LETTERS[digit.charCodeAt(0) % LETTERS.length]).join('');
}
