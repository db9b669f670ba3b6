import { FINDING_KINDS, type FindingKind } from './findings/finding.ts';
import type { Summary } from './summary.ts';
import { pluralise } from './timeText.ts';

/** Names for --fail-on besides the kinds of findings, each for several kinds. */
const SUBJECTS = {
  rst: ['connection-reset', 'idle-reset', 'reset-by-middlebox', 'connection-refused'],
  'dns-failures': ['dns-servfail', 'dns-refused', 'dns-error', 'dns-unanswered', 'dns-race'],
  'tls-failures': [
    'tls-alert',
    'tls-version-mismatch',
    'tls-certificate-rejected',
    'tls-certificate-expired',
    'tls-handshake-reset',
  ],
  'capture-drops': ['capture-drops', 'capture-gaps'],
} as const satisfies Record<string, readonly FindingKind[]>;

/** A condition: the number of findings of a subject, or their share, must not exceed a limit. */
export interface FailCondition {
  readonly text: string;
  readonly subject: string;
  readonly limit: number;
  readonly isPercent: boolean;
}

const CONDITION = /^([a-z][a-z-]*)(?:\s*>\s*(\d+(?:\.\d+)?)\s*(%?))?$/;

/** The valid subjects of a condition. */
export function failSubjects(): string[] {
  return [...new Set(['error', 'warning', ...Object.keys(SUBJECTS), ...FINDING_KINDS])].sort();
}

/** Parses `retransmissions>1%,rst,dns-failures`. Returns the text of an invalid condition instead, if there is one. */
export function parseFailOn(text: string): readonly FailCondition[] | string {
  const conditions: FailCondition[] = [];
  const subjects = new Set(failSubjects());
  for (const part of text.split(',').map((item) => item.trim())) {
    const match = CONDITION.exec(part);
    const [, subject = '', limit = '0', percent = ''] = match ?? [];
    if (!match || !subjects.has(subject)) return part;
    conditions.push({ text: part, subject, limit: Number(limit), isPercent: percent === '%' });
  }
  return conditions;
}

/** Describes the conditions that a summary fails. */
export function failures(conditions: readonly FailCondition[], summary: Summary): string[] {
  return conditions.flatMap((condition) => {
    const { count, total } = measure(condition.subject, summary);
    const value = condition.isPercent ? (count / Math.max(1, total)) * 100 : count;
    if (value <= condition.limit) return [];
    const measured = condition.isPercent
      ? `${Number(value.toFixed(2))} %`
      : pluralise(count, 'time');
    return [`${condition.text}: ${measured}`];
  });
}

/** The number of findings, and the total for a share. */
function measure(subject: string, summary: Summary): { count: number; total: number } {
  const { conversations, findings, summarizer } = summary;
  if (subject === 'retransmissions') {
    let count = 0;
    let total = 0;
    for (const { tcp } of conversations)
      for (const side of tcp ? [tcp.client, tcp.server] : []) {
        count += side.retransmissions + side.fastRetransmissions;
        total += side.dataSegments;
      }
    return { count, total };
  }
  const kinds: readonly string[] = SUBJECTS[subject as keyof typeof SUBJECTS] ?? [subject];
  const counts = findings.filter(
    ({ kind, severity }) => kinds.includes(kind) || severity === subject,
  );
  const total = counts.reduce((sum, { count }) => sum + count, 0);
  return { count: total, total: totalOf(subject, summary) || summarizer.packets };
}

/** The total for a share of the subject. */
function totalOf(subject: string, { conversations }: Summary): number {
  if (subject.startsWith('dns-'))
    return conversations.reduce((sum, { dns }) => sum + (dns?.questions ?? 0), 0);
  if (subject.startsWith('capture-')) return 0;
  return conversations.filter(({ tcp }) => tcp !== undefined).length;
}
