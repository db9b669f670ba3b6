import { describe, expect, it } from 'vitest';
import { parseDump } from '../../../src/topology/dump.ts';
import type { ClusterFacts } from '../../../src/topology/model/clusterFacts.ts';

const FACTS: ClusterFacts = {
  format: 'netdebug-facts/1',
  collectedAt: '2026-11-26T15:20:00Z',
  nodes: [],
  objects: { pods: [] },
  unknown: [{ what: 'services', why: 'forbidden' }],
};

describe('a dump', () => {
  it('is read from the output of any topology command', () => {
    expect(parseDump(JSON.stringify({ namespaces: [], facts: FACTS }))).toEqual(FACTS);
  });

  it.each([
    ['not JSON', '{"facts": {'],
    ['without facts', '{"namespaces": []}'],
    ['a list', '[]'],
    ['another format', JSON.stringify({ facts: { ...FACTS, format: 'netdebug-facts/2' } })],
  ])('is refused: %s', (_, text) => {
    expect(() => parseDump(text)).toThrow(expect.objectContaining({ kind: 'damaged' }));
  });
});
