import type { CidrFinding } from './cidrFinding.ts';
import { isInside, overlaps, type Range, range, rangeText, type WrittenRange } from './range.ts';

/** Ranges with a special meaning on nodes or in networks. */
const SPECIAL: readonly {
  readonly range: Range;
  readonly what: string;
  readonly severity: 'error' | 'warning';
}[] = [
  { range: range('127.0.0.0/8'), what: 'loopback addresses', severity: 'error' },
  {
    range: range('169.254.0.0/16'),
    what: 'link-local addresses, used by nodes and clouds',
    severity: 'error',
  },
  { range: range('224.0.0.0/3'), what: 'multicast and reserved addresses', severity: 'error' },
  { range: range('0.0.0.0/8'), what: 'addresses for "this network"', severity: 'error' },
  { range: range('172.17.0.0/16'), what: "Docker's default bridge (docker0)", severity: 'warning' },
  {
    range: range('100.64.0.0/10'),
    what: 'shared address space (RFC 6598), used by carriers, clouds and VPNs',
    severity: 'warning',
  },
  { range: range('fe80::/10'), what: 'link-local addresses', severity: 'error' },
  { range: range('ff00::/8'), what: 'multicast addresses', severity: 'error' },
  { range: range('::/8'), what: 'loopback and reserved addresses', severity: 'error' },
];

/** Private ranges: RFC 1918, RFC 6598, RFC 4193. */
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7'].map(
  range,
);

/** What is wrong with the location of a range. `name` is the range's name in the findings. */
export function rangeFindings(
  one: Range,
  name: string,
  avoid: readonly WrittenRange[],
): CidrFinding[] {
  const found: CidrFinding[] = [];
  for (const other of avoid)
    if (overlaps(one, other))
      found.push({
        kind: 'overlap',
        severity: 'error',
        what: `${name} overlaps ${other.written}, which is to be avoided: pods cannot reach hosts with these addresses there`,
      });
  for (const { range: special, what, severity } of SPECIAL)
    if (overlaps(one, special))
      found.push({
        kind: 'special-range',
        severity,
        what: `${name} overlaps ${rangeText(special)}: ${what}`,
      });
  if (
    !PRIVATE.some((known) => isInside(one, known)) &&
    !SPECIAL.some((special) => isInside(one, special.range))
  )
    found.push({
      kind: 'public-range',
      severity: 'warning',
      what: `${name} is not a private range: pods cannot reach the public hosts with these addresses`,
      fix: 'use 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or fd00::/8',
    });
  return found;
}

/** A finding for a range with bits set after the prefix. */
export function misaligned(one: WrittenRange): CidrFinding[] {
  if (one.isAligned) return [];
  return [
    {
      kind: 'misaligned',
      severity: 'warning',
      what: `${one.written} is not aligned: the actual network is ${rangeText(one)}`,
      fix: `use ${rangeText(one)}`,
    },
  ];
}

/** Sorts by severity, the most severe first. */
export function bySeverity(findings: readonly CidrFinding[]): CidrFinding[] {
  const order = ['error', 'warning', 'remark'];
  return findings.toSorted(
    (one, other) => order.indexOf(one.severity) - order.indexOf(other.severity),
  );
}
