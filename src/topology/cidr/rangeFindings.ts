import type { CidrFinding } from './cidrFinding.ts';
import {
  isInside,
  mustParseRange,
  overlaps,
  type Range,
  rangeText,
  type WrittenRange,
} from './range.ts';

/** Ranges with a special meaning on nodes or in networks. */
const SPECIAL: readonly {
  readonly range: Range;
  readonly what: string;
  readonly severity: 'error' | 'warning';
}[] = [
  { range: mustParseRange('127.0.0.0/8'), what: 'loopback addresses', severity: 'error' },
  {
    range: mustParseRange('169.254.0.0/16'),
    what: 'link-local addresses, used by nodes and clouds',
    severity: 'error',
  },
  {
    range: mustParseRange('224.0.0.0/3'),
    what: 'multicast and reserved addresses',
    severity: 'error',
  },
  { range: mustParseRange('0.0.0.0/8'), what: 'addresses for "this network"', severity: 'error' },
  {
    range: mustParseRange('172.17.0.0/16'),
    what: "Docker's default bridge (docker0)",
    severity: 'warning',
  },
  {
    range: mustParseRange('100.64.0.0/10'),
    what: 'shared address space (RFC 6598), used by carriers, clouds and VPNs',
    severity: 'warning',
  },
  { range: mustParseRange('fe80::/10'), what: 'link-local addresses', severity: 'error' },
  { range: mustParseRange('ff00::/8'), what: 'multicast addresses', severity: 'error' },
  { range: mustParseRange('::/8'), what: 'loopback and reserved addresses', severity: 'error' },
];

/** Private ranges: RFC 1918, RFC 6598, RFC 4193. */
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7'].map(
  mustParseRange,
);

/** What is wrong with the location of a range. `name` is the range's name in the findings. */
export function rangeFindings(
  range: Range,
  name: string,
  avoid: readonly WrittenRange[],
): CidrFinding[] {
  const findings: CidrFinding[] = [];
  for (const avoided of avoid)
    if (overlaps(range, avoided))
      findings.push({
        kind: 'overlap',
        severity: 'error',
        what: `${name} overlaps ${avoided.written} (--avoid): pods cannot reach hosts with these addresses there`,
      });
  for (const { range: special, what, severity } of SPECIAL)
    if (overlaps(range, special))
      findings.push({
        kind: 'special-range',
        severity,
        what: `${name} overlaps ${rangeText(special)}: ${what}`,
      });
  if (
    !PRIVATE.some((privateRange) => isInside(range, privateRange)) &&
    !SPECIAL.some((special) => isInside(range, special.range))
  )
    findings.push({
      kind: 'public-range',
      severity: 'warning',
      what: `${name} is not a private range: pods cannot reach the public hosts with these addresses`,
      fix: 'use 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or fd00::/8',
    });
  return findings;
}

/** A finding for a range with bits set after the prefix. */
export function misaligned(range: WrittenRange): CidrFinding[] {
  if (range.isAligned) return [];
  return [
    {
      kind: 'misaligned',
      severity: 'warning',
      what: `${range.written} is not aligned: the actual network is ${rangeText(range)}`,
      fix: `use ${rangeText(range)}`,
    },
  ];
}

/** Sorts by severity, the most severe first. */
export function bySeverity(findings: readonly CidrFinding[]): CidrFinding[] {
  const order = ['error', 'warning', 'remark'];
  return findings.toSorted((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
}
