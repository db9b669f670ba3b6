import { type Problem, wrongUsage } from '../problem.ts';
import type { Language } from './condition.ts';
import { type Explanation, explainFilter, hasField } from './explain.ts';

/**
 * Checks a capture filter before anything is started for it. Filters that are not understood here are left to tcpdump.
 * Throws a Problem with the corrected filter if tcpdump would refuse it.
 */
export function checkCaptureFilter(text: string): void {
  const isDisplay = hasField(text);
  const { corrections, problem, corrected, ...explanation } = explainFilter(
    text,
    isDisplay ? 'display' : 'capture',
  );
  const errors = corrections.filter(({ kind }) => kind === 'error').map(({ why }) => why);
  if (isDisplay)
    throw wrongLanguageProblem(text, 'display', { corrections, corrected, ...explanation });
  if (errors.length > 0)
    throw wrongUsage(
      `the filter is not valid: ${text}`,
      ...errors,
      ...(problem === undefined ? [`did you mean: ${corrected}`] : []),
    );
  if (problem !== undefined && unmatchedParentheses(text) !== 0)
    throw wrongUsage(`the filter is not valid: ${text}`, 'Parentheses do not match.');
}

/** The result of checking a display filter that is accepted. */
export interface CheckedDisplayFilter {
  /** Likely mistakes, one sentence each, with what was probably meant. */
  readonly notes: readonly string[];
}

/**
 * Checks a display filter. Throws a Problem with the corrected filter if Wireshark would refuse it. Returns notes on
 * parts that are accepted but easily misread.
 */
export function checkDisplayFilter(text: string): CheckedDisplayFilter {
  const { corrections, corrected, problem } = explainFilter(text, 'display');
  if (problem !== undefined && !hasField(text)) {
    const asCapture = explainFilter(text, 'capture');
    if (asCapture.problem === undefined) throw wrongLanguageProblem(text, 'capture', asCapture);
  }
  const errors = corrections.filter(({ kind }) => kind === 'error').map(({ why }) => why);
  if (errors.length > 0)
    throw wrongUsage(
      `the display filter is not valid: ${text}`,
      ...errors,
      ...(problem === undefined ? [`did you mean: ${corrected}`] : []),
    );
  return { notes: corrections.map(({ why, right }) => `${why} Instead: ${right}`) };
}

function wrongLanguageProblem(
  text: string,
  language: Language,
  {
    capture,
    display,
  }: Pick<Explanation, 'capture' | 'display' | 'corrections' | 'corrected' | 'language'>,
): Problem {
  const [has, needs, right] =
    language === 'display'
      ? (['display', 'capture', capture] as const)
      : (['capture', 'display', display] as const);
  const next = typeof right === 'string' ? [`did you mean: ${right}`] : right.reasons;
  return wrongUsage(`this is a ${has} filter, but a ${needs} filter is required: ${text}`, ...next);
}

function unmatchedParentheses(text: string): number {
  return text.split('(').length - text.split(')').length;
}
