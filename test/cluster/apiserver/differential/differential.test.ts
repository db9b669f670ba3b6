import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../testServer.ts';
import { ALLOWANCES, type Allowance, forbiddenDifferences } from './allowances.ts';
import { CASES, type Case } from './cases.ts';
import { Scene } from './scene.ts';

/**
 * Repeats requests whose answers were recorded from a real API server, and compares every field of every answer. Names
 * and the order change each time, and finally all requests run at the same time, so that a server that only knows the
 * answers fails.
 */
let server: TestServer;
const used = new Set<Allowance>();

beforeAll(async () => {
  server = await startTestServer({ logFile: () => '/dev/null' });
});
afterAll(() => server.close());

async function replay({ recording, replay }: Case): Promise<string[]> {
  const { recorded, actual } = await replay(new Scene(server));
  return forbiddenDifferences(recorded, actual, used).map(
    (difference) =>
      `${recording}: ${difference.field}: recorded ${JSON.stringify(difference.recorded)}, but ${JSON.stringify(difference.actual)}`,
  );
}

async function oneAfterAnother(cases: readonly Case[]): Promise<string[]> {
  const differences = [];
  for (const each of cases) differences.push(...(await replay(each)));
  return differences;
}

function shuffled(cases: readonly Case[]): Case[] {
  return cases
    .map((each) => ({ each, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ each }) => each);
}

test('there are enough cases, without duplicates', () => {
  expect(CASES.length).toBeGreaterThanOrEqual(50);
  expect(new Set(CASES.map(({ recording }) => recording)).size).toBe(CASES.length);
});

test('answers are as recorded, field by field', async () => {
  expect(await oneAfterAnother(CASES)).toEqual([]);
});

test('in another order', async () => {
  const cases = shuffled(CASES);
  const order = cases.map(({ recording }) => recording).join(' ');
  expect(await oneAfterAnother(cases), order).toEqual([]);
});

test('all at once, twice', async () => {
  const results = await Promise.all(shuffled([...CASES, ...CASES]).map(replay));
  expect(results.flat()).toEqual([]);
});

test('every allowed difference occurred', () => {
  expect(ALLOWANCES.filter((allowance) => !used.has(allowance))).toEqual([]);
});
