import { describe, expect, it } from 'vitest';
import { makeCompletionTable } from '../../../../scripts/packaging/completionTable.ts';
import { answerText } from '../../../../src/cli/completion/answer.ts';
import { complete, type Sources } from '../../../../src/cli/completion/complete.ts';
import { readTable, writeTable } from '../../../../src/cli/completion/tableText.ts';
import { CONNECTION_FLAGS } from '../../../../src/cli/flags/connection.ts';

const table = readTable(writeTable(await makeCompletionTable()));

/** Answers, and records the requests. */
const sources: Sources = {
  kubeconfig: async (kind) => [{ value: `one-of-${kind}` }],
  namespaces: async () => [{ value: 'shop', description: 'Active' }],
  targets: async (words) => [
    { value: `pod-in-${words.flags.get('namespace') ?? 'default'}`, description: 'Running' },
    { value: 'deploy/' },
  ],
  containers: async (words) => [{ value: `container-of-${words.positionals.join('+')}` }],
  volumes: async () => [{ value: 'data' }],
  captures: async () => [{ value: 'tuesday' }, { value: 'rare' }],
};

async function answer(line: string): Promise<{ values: string[]; directive: number }> {
  const { candidates, directive } = await complete(table, line.split(' '), async () => sources);
  return { values: candidates.map(({ value }) => value), directive };
}

describe('completion', () => {
  it.each([
    ['', 'capture captures'],
    ['captur', 'capture captures'],
    ['-n shop cap', 'capture captures'],
    ['capture ', 'pod-in-default deploy/'],
    ['capture -n shop pod', 'pod-in-shop'],
    ['capture --namespace=shop pod', 'pod-in-shop'],
    ['capture -nshop pod', 'pod-in-shop'],
    ['-n shop capture pod', 'pod-in-shop'],
    ['capture -n ', 'shop'],
    ['capture --namespace=', 'shop'],
    ['capture --namespace=x', ''],
    ['capture pod-1 -i ', 'any eth0 lo'],
    ['capture pod-1 --interface e', 'eth0'],
    ['capture pod-1 --volume ', 'data'],
    ['ports pod-1 -lpc ', 'container-of-pod-1'],
    ['ports pod-1 -o ', 'wide json yaml name'],
    ['ports pod-1 --output=j', 'json'],
    ['ports --context ', 'one-of-contexts'],
    ['ports --cluster ', 'one-of-clusters'],
    ['ports --user ', 'one-of-users'],
    ['version -o ', 'json yaml'],
    ['captures ', 'list status follow read summary fetch stop rm'],
    ['captures fetch ', 'tuesday rare'],
    ['captures rm tuesday ', 'rare'],
    ['capture pod-1 --image-pull-policy ', 'Always IfNotPresent Never'],
    ['capture pod-1 --via ', 'auto ephemeral node'],
    ['capture pod-1 --preset tls-h', 'tls-handshake tls-hello'],
    ['completion ', 'bash zsh fish powershell install'],
    ['capture pod-1 --preset tls', 'tls-handshake tls-hello'],
    ['capture pod-1 --file', '--file-size --files'],
    ['nonsense ', ''],
  ])('of "%s"', async (line, expected) => {
    const { values, directive } = await answer(line);
    const words = expected.split(' ').filter((word) => word !== '');
    expect(values.slice(0, Math.max(words.length, 1))).toEqual(words);
    expect(directive & 4).toBe(4);
  });

  it('offers every flag of kubectl, short and long', async () => {
    const { values } = await answer('ports -');
    expect(values).toEqual(expect.arrayContaining(['-n', '--listening', '-l', '--help']));
    expect(values).toEqual(
      expect.arrayContaining(Object.keys(CONNECTION_FLAGS).map((name) => `--${name}`)),
    );
  });

  it('offers no flag twice', async () => {
    expect((await answer('ports -l --lis')).values).toEqual([]);
  });

  it('leaves file names to the shell', async () => {
    for (const line of ['capture pod-1 -w ', 'ports --kubeconfig=/et'])
      expect(await answer(line)).toEqual({ values: [], directive: 0 });
  });

  it('offers nothing after --', async () => {
    expect(await answer('capture pod-1 -- ho')).toEqual({ values: [], directive: 4 });
  });

  it('adds no space after deploy/', async () => {
    expect(await answer('capture dep')).toEqual({ values: ['deploy/'], directive: 6 });
  });
});

describe('the answer', () => {
  it('has one candidate per line, with the directive last', () => {
    expect(
      answerText({ candidates: [{ value: 'a', description: 'b' }, { value: 'c' }], directive: 4 }),
    ) //
      .toBe('a\tb\nc\n:4\n');
  });

  it('contains no control characters from a cluster', () => {
    const candidates = [{ value: 'a\u001b[2J', description: 'b\n:0' }];
    expect(answerText({ candidates, directive: 4 })).toBe('a [2J\tb :0\n:4\n');
  });
});
