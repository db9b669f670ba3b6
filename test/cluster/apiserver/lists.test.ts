import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { objectAt, objectsAt, stringAt, valueAt } from './json.ts';
import { startTestServer, type TestServer } from './testServer.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';

let server: TestServer;
/** The version at which a, b and c existed with the value 1. */
let version: string;

beforeAll(async () => {
  server = await startTestServer();
  for (const name of ['c', 'a', 'b']) await create(name);
  version = server.store.resourceVersion;
  await server.call(`${MAPS}/a`, { method: 'DELETE' });
  await server.call(`${MAPS}/b`, {
    method: 'PATCH',
    contentType: 'application/merge-patch+json',
    body: { data: { value: '2' } },
  });
  await create('d');
});
afterAll(() => server.close());

async function create(name: string, query = ''): Promise<unknown> {
  const body = { metadata: { name }, data: { value: '1' } };
  return (await server.call(`${MAPS}${query}`, { method: 'POST', body })).body;
}

async function list(query: string) {
  const { body } = await server.call(`${MAPS}?${query}`);
  const shown = objectsAt(objectAt(body).items).map(
    (item) => `${valueAt(item, ['metadata', 'name'])}${valueAt(item, ['data', 'value'])}`,
  );
  return { shown, metadata: objectAt(objectAt(body).metadata) };
}

async function refusal(path: string): Promise<unknown> {
  const { status, body } = await server.call(path);
  return [status, objectAt(body).message];
}

test('a list shows the current state, or exactly the requested version', async () => {
  expect((await list('')).shown).toEqual(['b2', 'c1', 'd1']);
  const exact = await list(`resourceVersion=${version}&resourceVersionMatch=Exact`);
  expect(exact.shown).toEqual(['a1', 'b1', 'c1']);
  expect(exact.metadata.resourceVersion).toBe(version);
  const younger = await list(`resourceVersion=${version}&resourceVersionMatch=NotOlderThan`);
  expect(younger.shown).toEqual(['b2', 'c1', 'd1']);
});

test('the pages of a list show the same moment, whatever changes in between', async () => {
  const first = await list('limit=2');
  await create('bb');
  await server.call(`${MAPS}/d`, { method: 'DELETE' });
  const second = await list(`limit=2&continue=${stringAt(first.metadata.continue)}`);
  expect([...first.shown, ...second.shown]).toEqual(['b2', 'c1', 'd1']);
  expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  expect((await list('')).shown).toEqual(['b2', 'bb1', 'c1']);
});

describe('refusals', () => {
  const invalid = (why: string) => [422, `ListOptions.meta.k8s.io "" is invalid: ${why}`];
  const CASES: [query: string, answer: unknown][] = [
    [
      'resourceVersionMatch=Exact',
      invalid(
        'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
      ),
    ],
    [
      'resourceVersionMatch=Exact&resourceVersion=0',
      invalid(
        'resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
      ),
    ],
    [
      'resourceVersionMatch=Odd&resourceVersion=1',
      invalid(
        'resourceVersionMatch: Unsupported value: "Odd": supported values: "Exact", "NotOlderThan", ""',
      ),
    ],
    [
      'sendInitialEvents=true',
      invalid('sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list'),
    ],
    [
      'watch=true&sendInitialEvents=true',
      invalid(
        'resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
      ),
    ],
    [
      'watch=true&resourceVersion=1&resourceVersionMatch=NotOlderThan',
      invalid(
        'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
      ),
    ],
    [
      'resourceVersion=1&resourceVersionMatch=Exact',
      [410, 'The resourceVersion for the provided list is too old.'],
    ],
    ['continue=!', [400, 'continue key is not valid: illegal base64 data']],
  ];
  test.each(CASES)('%s', async (query, answer) => {
    expect(await refusal(`${MAPS}?${query}`)).toEqual(answer);
  });

  test('a version in the future', async () => {
    const current = server.store.resourceVersion;
    const answer = await server.call(`${MAPS}?resourceVersion=99999999`);
    expect(answer.status).toBe(504);
    expect(answer.headers['retry-after']).toBe('1');
    expect(answer.body).toMatchObject({
      reason: 'Timeout',
      message: `Timeout: Too large resource version: 99999999, current: ${current}`,
      details: {
        causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
        retryAfterSeconds: 1,
      },
    });
  });

  test('a list whose later pages are requested too late', async () => {
    const first = await list('limit=1');
    for (let count = 0; count < 9000; count += 1) {
      server.store.update('configmaps', 'default', 'c', () => undefined);
    }
    expect(await refusal(`${MAPS}?continue=${stringAt(first.metadata.continue)}`)).toEqual([
      410,
      'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.',
    ]);
  });
});

test('a dry run answers like the real request, and changes nothing', async () => {
  const before = server.store.resourceVersion;
  const created = objectAt(objectAt(await create('dry', '?dryRun=All')).metadata);
  expect(created).toMatchObject({ name: 'dry', namespace: 'default', uid: expect.any(String) });
  expect(created.resourceVersion).toBeUndefined();
  expect(objectAt(await create('c', '?dryRun=All')).reason).toBe('AlreadyExists');
  const patched = await server.call(`${MAPS}/c?dryRun=All`, {
    method: 'PATCH',
    contentType: 'application/json-patch+json',
    body: [{ op: 'replace', path: '/data/value', value: '9' }],
  });
  expect(valueAt(patched.body, ['data', 'value'])).toBe('9');
  expect((await server.call(`${MAPS}/c?dryRun=All`, { method: 'DELETE' })).status).toBe(200);
  expect((await list('fieldSelector=metadata.name%3Dc')).shown).toEqual(['c1']);
  expect(server.store.resourceVersion).toBe(before);
});

test('a JSON patch that cannot be applied is rejected without a reason', async () => {
  const answer = await server.call(`${MAPS}/c`, {
    method: 'PATCH',
    contentType: 'application/json-patch+json',
    body: [{ op: 'test', path: '/data/value', value: 'other' }],
  });
  expect(answer.status).toBe(422);
  expect(answer.body).toMatchObject({
    reason: 'Invalid',
    message: 'the server rejected our request due to an error in our request',
    details: {},
  });
});
