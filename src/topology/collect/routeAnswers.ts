import { parseIpRecords } from '../../tools/ip/records.ts';
import { routesOf } from '../../tools/ip/route.ts';
import type { RouteAnswer, RouteQuestion } from '../model/routeAnswer.ts';
import type { Section } from './sections.ts';

/** The questions that collect.sh asked in a namespace by itself, with their answers. */
export function routeAnswers(sections: readonly Section[]): RouteAnswer[] {
  const asked = sections.find(({ name }) => name === 'asked')?.body.toString() ?? '';
  const answers = answersIn(sections);
  return asked
    .split('\n')
    .map(questionOf)
    .flatMap((question, number) => {
      const answer = answers.get(number);
      return question === undefined || answer === undefined ? [] : [{ question, ...answer }];
    });
}

/** A line of a batch: `route get TO from FROM [iif DEVICE]`. */
function questionOf(line: string): RouteQuestion | undefined {
  const [, to, from, inputDevice] = /^route get (\S+) from (\S+)(?: iif (\S+))?$/.exec(line) ?? [];
  if (to === undefined || from === undefined) return undefined;
  return { to, from, ...(inputDevice !== undefined && { inputDevice }) };
}

/** What ip printed for the questions of its batches, by the number of the question. */
export function answersIn(
  sections: readonly Section[],
): Map<number, Omit<RouteAnswer, 'question'>> {
  const found = new Map<number, Omit<RouteAnswer, 'question'>>();
  for (const [index, { name, words, body }] of sections.entries()) {
    const told = sections[index + 1];
    if (name !== 'answers' || told?.name !== 'errors') continue;
    const errors = errorsOf(told.body.toString());
    let number = Number(words[0]);
    for (const line of body.toString().split('\n')) {
      if (line.trim() === '') continue;
      number = refused(found, errors, Number(words[0]), number);
      try {
        const [route] = routesOf(parseIpRecords(line));
        found.set(number, { code: 0, ...(route && { route }) });
      } catch {
        // An ip without JSON for this: then it is not known.
      }
      number += 1;
    }
    refused(found, errors, Number(words[0]), number);
  }
  return found;
}

/** Notes the questions from a number on that have no route; gives the number of the next that has one. */
function refused(
  found: Map<number, Omit<RouteAnswer, 'question'>>,
  errors: ReadonlyMap<number, string>,
  first: number,
  from: number,
): number {
  let number = from;
  for (;;) {
    // Lines of a batch count from 1.
    const error = errors.get(number - first + 1);
    if (error === undefined) return number;
    // ip's own exit codes: 2 where the kernel refused, 1 where ip itself did.
    found.set(number, { code: error.startsWith('RTNETLINK') ? 2 : 1, error });
    number += 1;
  }
}

/** What ip says of the lines of a batch: the reason, and then `Command failed -:LINE`. */
function errorsOf(text: string): Map<number, string> {
  const errors = new Map<number, string>();
  let reason: string[] = [];
  for (const line of text.split('\n')) {
    const failed = /^Command failed .*:(\d+)$/.exec(line.trim())?.[1];
    if (failed === undefined) {
      if (line.trim() !== '') reason.push(line.trim());
      continue;
    }
    errors.set(Number(failed), reason.join('; '));
    reason = [];
  }
  return errors;
}
