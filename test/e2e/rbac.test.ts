import { readdirSync } from 'node:fs';
import { loadAll } from 'js-yaml';
import { beforeAll, describe, expect, it } from 'vitest';
import { adminCall } from './support/adminApi.ts';
import { type Failure, failure } from './support/failure.ts';
import { chattingPod, namespaceFor, userWith } from './support/namespaces.ts';
import { podName } from './support/pods.ts';
import { eventually, type Finished } from './support/process.ts';
import { type AtEnd, freshPath, kubectl, netdebug, world } from './support/world.ts';

const image = world.flavours[0]?.image ?? '';

interface Role {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules: readonly Rule[];
}

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

interface Diagnosis {
  readonly ready: boolean;
  readonly checks: readonly { readonly level: string; readonly text: string }[];
  readonly roles?: string;
}

/** Runs netdebug in a namespace as a certain user. */
type Run = (words: readonly string[]) => Promise<Failure>;

const runner =
  ({ onTestFinished }: { onTestFinished: AtEnd }, namespace: string, as: readonly string[]): Run =>
  ([command = '', ...args]) =>
    failure([command, '-n', namespace, ...as, ...args], { onTestFinished });

async function diagnosed(run: Run, args: readonly string[]): Promise<Diagnosis> {
  const { stdout, stderr } = await run(['doctor', ...args, '--image', image, '-o', 'json']);
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Diagnosis;
}

const textsOf = (checks: Diagnosis['checks'], ...levels: readonly string[]) =>
  checks.flatMap(({ level, text }) => (levels.includes(level) ? text : [])).join('\n');

const rolesIn = ({ roles = '' }: Diagnosis) =>
  (loadAll(roles) as Role[]).filter(({ kind }) => kind === 'Role');

/** Grants a user what the administrator is asked for, and nothing else, with kubectl only. */
async function grant({ roles = '' }: Diagnosis, user: string): Promise<void> {
  for (const text of roles.split(/^---\n/m).filter((text) => /^kind: Role$/m.test(text))) {
    const { name, namespace = '' } = (loadAll(text)[0] as Role).metadata;
    const there = (words: readonly string[], stdin = '') =>
      kubectl(['-n', namespace, ...words], stdin);
    await there(['apply', '-f', '-'], text);
    await there(['create', 'rolebinding', name, `--role=${name}`, `--user=${user}`]);
  }
}

const fine = ({ code, stdout, stderr }: Finished) => {
  expect(code, stderr).toBe(0);
  return stdout;
};
const withImage = (...args: readonly string[]) => [...args, '--image', image];
const capture = (...args: readonly string[]) => [
  ...withImage('capture', '-w', freshPath('rbac.pcap'), '-c', '3', ...args),
  ...['--', 'udp port 9'],
];
/** Node debuggers in a namespace, or only those of one owner if others have some too. */
async function nodePodsOf(namespace: string, owner?: string): Promise<unknown[]> {
  const path = `/api/v1/namespaces/${namespace}/pods?labelSelector=netdebug/kind=node`;
  const { items } = (await adminCall('GET', path)) as {
    items: { metadata: { annotations: Readonly<Record<string, string>> } }[];
  };
  return items.filter(
    ({ metadata }) => owner === undefined || metadata.annotations['netdebug/owner'] === owner,
  );
}

describe.concurrent('with only the Role that doctor prints', () => {
  it('everything works in the pods of its namespace', async (test) => {
    const namespace = await namespaceFor('role');
    const pod = await chattingPod(namespace);
    const user = podName('fresh');
    const run = runner(test, namespace, ['--as', user]);
    const before = await diagnosed(run, [pod]);
    expect(before.ready).toBe(false);
    await grant(before, user);

    const after = await diagnosed(run, [pod]);
    expect(textsOf(after.checks, 'fail')).toBe('');
    expect(rolesIn(after)).toEqual([]);
    fine(await run(capture(pod)));
    fine(await run(withImage('ports', pod, '-u')));
    fine(await run(withImage('ports', pod, '-u', '-p')));
    expect((await run([...withImage('shell', pod), '--', 'sh', '-c', 'exit 3'])).code).toBe(3);
    fine(await run(withImage('capture', pod, '--detach', '--name', 'kept')));
    // On a busy machine, the recorder may not answer in time at first.
    const says = async (words: readonly string[], pattern: RegExp) =>
      expect(await eventually(async () => pattern.test(fine(await run(words))))).toBe(true);
    await says(['captures', 'list'], /^kept +\S+ +Recording/m);
    await says(['captures', 'status', 'kept'], /^state: Recording$/m);
    fine(await run(['captures', 'stop', 'kept']));
    const folder = freshPath('kept');
    fine(await run(['captures', 'fetch', 'kept', '-w', folder]));
    expect(readdirSync(folder)).toContain('capture.json');
    fine(await run(['captures', 'rm', 'kept']));
    expect(fine(await run(['ps']))).toMatch(/netdebug-network +running +nothing/);
    expect(fine(await run(['cleanup', '--yes']))).toContain(`${pod}/netdebug-network removed`);
  });

  it('and with the one for nodes, everything works through a pod on the node', async (test) => {
    const [namespace, free] = [await namespaceFor('role'), await namespaceFor('free')];
    const pod = await chattingPod(namespace);
    const user = podName('fresh');
    const as = ['--as', user];
    const run = runner(test, namespace, as);
    const node = ['--via', 'node', '--node-namespace', free];
    const before = await diagnosed(run, [pod, ...node]);
    expect(rolesIn(before).map(({ metadata }) => metadata)).toEqual([
      { name: 'netdebug', namespace },
      { name: 'netdebug-node', namespace: free },
    ]);
    await grant(before, user);

    expect(textsOf((await diagnosed(run, [pod, ...node])).checks, 'fail')).toBe('');
    fine(await run(capture(pod, ...node)));
    fine(await run(withImage('ports', pod, '-u', '-p', ...node)));
    const shell = netdebug(
      [
        ...withImage('shell', pod, '-n', namespace, ...as, ...node),
        ...['--', 'sh', '-c', 'echo entered; sleep 600'],
      ],
      { onTestFinished: test.onTestFinished },
    );
    await shell.says(/^entered$/m);
    const there = runner(test, free, as);
    expect(fine(await there(['ps']))).toMatch(/^node-debugger .* running +shell/m);
    const cleaned = fine(await there(['cleanup', '--yes', '--captures']));
    expect(cleaned).toMatch(/^node-debugger \S+ removed/m);
    expect((await shell.finished).code).not.toBe(0);
    expect(await eventually(async () => (await nodePodsOf(free)).length === 0)).toBe(true);
  });
});

const ENTERS = ['capture', 'ports', 'shell', 'detach'] as const;
const READS = ['list', 'ps', 'status'] as const;
const TOUCHES = ['fetch', 'stop', 'rm'] as const;
type Name = 'select' | 'cleanup' | (typeof ENTERS | typeof READS | typeof TOUCHES)[number];

/** The expected results of commands without one of the permissions in the Role. */
interface Without {
  /** They name the permission, and create nothing. */
  readonly refused?: readonly Name[];
  /** They do what is possible, and name the permission. */
  readonly partly?: readonly Name[];
  /** They do not need it. */
  readonly works?: readonly Name[];
}

const NO_EXEC: Without = {
  refused: [...ENTERS, ...TOUCHES],
  partly: [...READS, 'cleanup'],
};
const WITHOUT: Readonly<Record<string, Without>> = {
  'get pods': { refused: ENTERS, works: READS },
  'list pods': { refused: [...READS, ...TOUCHES, 'cleanup', 'select'], works: ['capture'] },
  'watch pods': { refused: ENTERS, works: READS },
  'patch pods/ephemeralcontainers': { refused: ENTERS, works: READS },
  'get pods/exec': NO_EXEC,
  'create pods/exec': NO_EXEC,
  'list events': { works: ['capture'] },
  'watch events': { works: ['capture'] },
};
const WITHOUT_ON_NODE: Readonly<Record<string, Without>> = {
  'get pods': { refused: ['capture', 'ports', 'shell'] },
  'list pods': { refused: ['ps', 'cleanup'], works: ['capture'] },
  'watch pods': { refused: ['capture', 'ports', 'shell'] },
  'create pods': { refused: ['capture', 'ports', 'shell'] },
  'delete pods': { refused: ['capture', 'ports', 'shell'] },
  'get pods/exec': { refused: ['capture', 'ports', 'shell'] },
  'create pods/exec': { refused: ['capture', 'ports', 'shell'] },
  'list events': { works: ['capture'] },
  'watch events': { works: ['capture'] },
};

const rightsOf = (rules: readonly Rule[]) =>
  rules.flatMap(({ resources, verbs }) =>
    resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}`)),
  );

/** The rules without one permission. */
function less(rules: readonly Rule[], right: string): Rule[] {
  const [verb = '', resource = ''] = right.split(' ');
  const left = rules.map((rule) =>
    rule.resources.includes(resource)
      ? { ...rule, verbs: rule.verbs.filter((other) => other !== verb) }
      : rule,
  );
  // A rule without verbs is rejected.
  return left.filter(({ verbs }) => verbs.length > 0);
}

/** Matches the permission as named by the API server or by netdebug. */
function names(right: string): RegExp {
  const [verb, resource] = right.split(' ');
  return new RegExp(`\\b${verb} (resource \\\\?")?${resource}\\b`);
}

function commandsFor(pod: string, extra: readonly string[] = []): Record<Name, string[]> {
  return {
    capture: capture(pod, ...extra),
    ports: withImage('ports', pod, '-u', ...extra),
    shell: [...withImage('shell', pod, ...extra), '--', 'true'],
    detach: withImage('capture', pod, '--detach'),
    select: capture('--selector', 'app=none'),
    list: ['captures', 'list'],
    status: ['captures', 'status', 'kept'],
    fetch: ['captures', 'fetch', 'kept', '-w', freshPath('kept')],
    stop: ['captures', 'stop', 'kept'],
    rm: ['captures', 'rm', 'kept'],
    ps: ['ps'],
    cleanup: ['cleanup', '--dry-run'],
  };
}

/** Runs each command as a user without the permission, and checks the expected result. */
async function see(run: Run, right: string, commands: Record<Name, string[]>, expected: Without) {
  for (const name of expected.refused ?? []) {
    const { code, stderr, kinds } = await run(commands[name]);
    expect(kinds, `${name}: ${stderr}`).toEqual(['forbidden']);
    expect(stderr, name).toMatch(names(right));
    expect(stderr, name).toContain('kind: Role');
    expect(code, name).toBe(1);
  }
  for (const name of expected.partly ?? []) {
    const { code, stdout, stderr } = await run(commands[name]);
    expect(code, `${name}: ${stderr}`).toBe(0);
    expect(stdout + stderr, name).toMatch(names(right));
  }
  for (const name of expected.works ?? []) {
    const { code, stderr, kinds } = await run(commands[name]);
    expect(code, `${name}: ${stderr}`).toBe(0);
    expect(kinds, name).toEqual([]);
    expect(stderr, name).not.toMatch(names(right));
  }
}

describe.concurrent('without one permission of the Role', () => {
  let namespace: string;
  let free: string;
  /** A pod to which nothing may be added in these tests. */
  let untouched: string;
  let role: readonly Rule[] = [];
  let nodeRole: readonly Rule[] = [];
  beforeAll(async () => {
    [namespace, free] = [await namespaceFor('rights'), await namespaceFor('free')];
    const [fresh, used] = [await chattingPod(namespace), await chattingPod(namespace)];
    untouched = fresh;
    const run = runner({ onTestFinished: () => {} }, namespace, []);
    fine(await run(withImage('capture', used, '--detach', '--name', 'kept')));
    fine(await run([...withImage('shell', used), '--', 'true']));
    const nobody = ['--as', podName('nobody'), '--via', 'node'];
    [role = [], nodeRole = []] = rolesIn(await diagnosed(run, [untouched, ...nobody])).map(
      ({ rules }) => rules,
    );
  });

  it('there is a case for each permission', () => {
    expect(rightsOf(role).toSorted()).toEqual(Object.keys(WITHOUT).toSorted());
    expect(rightsOf(nodeRole).toSorted()).toEqual(Object.keys(WITHOUT_ON_NODE).toSorted());
  });

  /** Returns a new pod if something is started in it. */
  const podFor = ({ works = [] }: Without) =>
    works.includes('capture') ? chattingPod(namespace) : untouched;

  it.for(Object.entries(WITHOUT))('%s', async ([right, expected], test) => {
    const run = runner(test, namespace, await userWith({ [namespace]: less(role, right) }));
    const { checks } = await diagnosed(run, [untouched]);
    expect(textsOf(checks, 'fail', 'warning')).toMatch(names(right));
    await see(run, right, commandsFor(await podFor(expected)), expected);
    const pod = (await adminCall('GET', `/api/v1/namespaces/${namespace}/pods/${untouched}`)) as {
      spec: { ephemeralContainers?: unknown };
    };
    expect(pod.spec.ephemeralContainers).toBeUndefined();
  });

  it.for(Object.entries(WITHOUT_ON_NODE))('for nodes: %s', async ([right, expected], test) => {
    const as = await userWith({ [namespace]: role, [free]: less(nodeRole, right) });
    const [run, there] = [runner(test, namespace, as), runner(test, free, as)];
    const node = ['--via', 'node', '--node-namespace', free];
    const { checks } = await diagnosed(run, [untouched, ...node]);
    expect(textsOf(checks, 'fail', 'warning')).toMatch(names(right));
    const commands = commandsFor(await podFor(expected), node);
    const inFree = (words: readonly string[]) => ['ps', 'cleanup'].includes(words[0] ?? '');
    await see((words) => (inFree(words) ? there : run)(words), right, commands, expected);
    if (!expected.works) expect(await nodePodsOf(free, as[1])).toEqual([]);
  });
});
