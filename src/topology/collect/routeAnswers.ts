import { parseIpRecords } from '../../tools/ip/records.ts';
import { routesOf } from '../../tools/ip/route.ts';
import type { RouteAnswer, RouteQuestion } from '../model/routeAnswer.ts';
import type { Section } from './sections.ts';

/** The questions that inside.sh asked in a namespace, with their answers. */
export function routeAnswers(sections: readonly Section[]): RouteAnswer[] {
  const batch = sections.find(({ name }) => name === 'asked')?.body.toString() ?? '';
  const answers = parseAnswers(sections);
  return batch
    .split('\n')
    .map(questionOf)
    .flatMap((question, number) => {
      const answer = answers.get(number);
      return question === undefined || answer === undefined ? [] : [{ question, ...answer }];
    });
}

/** Reads a line of the batch: `route get TO from FROM [iif DEVICE]`. */
function questionOf(line: string): RouteQuestion | undefined {
  const [, to, from, inputDevice] = /^route get (\S+) from (\S+)(?: iif (\S+))?$/.exec(line) ?? [];
  if (to === undefined || from === undefined) return undefined;
  return { to, from, ...(inputDevice !== undefined && { inputDevice }) };
}

/** What ip printed for its batches, by the number of the question. */
export function parseAnswers(
  sections: readonly Section[],
): Map<number, Omit<RouteAnswer, 'question'>> {
  const answers = new Map<number, Omit<RouteAnswer, 'question'>>();
  for (const [index, { name, words, body }] of sections.entries()) {
    const errorSection = sections[index + 1];
    if (name !== 'answers' || errorSection?.name !== 'errors') continue;
    const errors = errorsOf(errorSection.body.toString());
    let number = Number(words[0]);
    for (const line of body.toString().split('\n')) {
      if (line.trim() === '') continue;
      number = recordErrors(answers, errors, Number(words[0]), number);
      try {
        const [route] = routesOf(parseIpRecords(line));
        answers.set(number, { code: 0, ...(route && { route }) });
      } catch {
        // This ip prints no JSON here, so the answer is unknown.
      }
      number += 1;
    }
    recordErrors(answers, errors, Number(words[0]), number);
  }
  return answers;
}

/** Notes the errors of the questions from a number on, and returns the next number without an error. */
function recordErrors(
  answers: Map<number, Omit<RouteAnswer, 'question'>>,
  errors: ReadonlyMap<number, string>,
  first: number,
  from: number,
): number {
  let number = from;
  for (;;) {
    // The lines of a batch count from 1.
    const error = errors.get(number - first + 1);
    if (error === undefined) return number;
    // The exit codes that ip would have: 2 if the kernel refuses, 1 if ip itself fails.
    answers.set(number, { code: error.startsWith('RTNETLINK') ? 2 : 1, error });
    number += 1;
  }
}

/** Reads ip's errors by line: a reason, followed by `Command failed -:LINE`. */
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
