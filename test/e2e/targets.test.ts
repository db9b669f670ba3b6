import { readdirSync, readFileSync, statSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { failure, traced } from './support/failure.ts';
import { namespaceFor } from './support/namespaces.ts';
import { podName, runPod } from './support/pods.ts';
import { eventually } from './support/process.ts';
import { freshPath, kubectl, namespaced, netdebug, world } from './support/world.ts';

const image = world.flavours.at(-1)?.image ?? '';
const app = podName('shop');
const labels = { app };
const container = { name: 'main', image: world.appImage, imagePullPolicy: 'IfNotPresent' };
const sleeper = { ...container, command: ['sleep', '1000'] };
const template = (nodeName: string | undefined, containers = [container], extra = {}) => ({
  metadata: { labels },
  spec: {
    terminationGracePeriodSeconds: 0,
    ...(nodeName !== undefined && { nodeName }),
    containers,
    ...extra,
  },
});

/** Pods on two nodes, of every kind of workload. */
const OBJECTS = [
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: `${app}-web` },
    spec: {
      replicas: 2,
      selector: { matchExpressions: [{ key: 'part', operator: 'In', values: [`${app}-web`] }] },
      template: {
        ...template(undefined),
        metadata: { labels: { ...labels, part: `${app}-web` } },
        spec: {
          ...template(undefined).spec,
          topologySpreadConstraints: [
            {
              maxSkew: 1,
              topologyKey: 'kubernetes.io/hostname',
              whenUnsatisfiable: 'ScheduleAnyway',
              labelSelector: { matchLabels: { part: `${app}-web` } },
            },
          ],
        },
      },
    },
  },
  {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: `${app}-db` },
    spec: {
      replicas: 1,
      serviceName: 'db',
      selector: { matchLabels: labels },
      template: template(world.nodes[1]),
    },
  },
  {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: `${app}-job` },
    spec: { template: template(world.nodes[0], [sleeper], { restartPolicy: 'Never' }) },
  },
  {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: `${app}-nightly` },
    spec: {
      schedule: '0 0 1 1 *',
      jobTemplate: {
        spec: { template: template(world.nodes[0], [sleeper], { restartPolicy: 'Never' }) },
      },
    },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: `${app}-web` },
    spec: { selector: { part: `${app}-web` }, ports: [{ port: 80 }] },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: `${app}-elsewhere` },
    spec: { type: 'ExternalName', externalName: 'example.com' },
  },
];

const ports = async (...args: string[]) => {
  const result = await netdebug(['ports', '--image', image, '-o', 'json', ...args]).finished;
  expect(result.code, result.stderr).toBe(0);
  const { items } = JSON.parse(result.stdout) as { items: { pod?: string; state: string }[] };
  expect(items.some(({ state }) => state === 'LISTEN') || items.length === 0).toBe(true);
  return [...new Set(items.map(({ pod }) => pod))];
};
/** The error of `ports` for these targets. */
const refused = async (...args: string[]) => {
  const result = await failure(['ports', '--image', image, ...args]);
  expect(result.code).not.toBe(0);
  expect(result.stdout).toBe('');
  return result;
};
const podsOf = async (selector: string) =>
  (await kubectl(['get', 'pods', '-l', selector, '-o', 'name']))
    .trim()
    .split('\n')
    .map((line) => line.replace('pod/', ''))
    .sort();

describe('targets', () => {
  let web: string[];
  beforeAll(async () => {
    await kubectl(
      ['create', '-f', '-'],
      OBJECTS.map((object) => JSON.stringify(object)).join('\n'),
    );
    await kubectl(['create', 'job', `${app}-byhand`, `--from=cronjob/${app}-nightly`]);
    await kubectl(['rollout', 'status', `deployment/${app}-web`, '--timeout=60s']);
    expect(await eventually(async () => (await podsOf(`app=${app}`)).length === 5)).toBe(true);
    await kubectl(['wait', '--for=condition=Ready', 'pod', '-l', `app=${app}`, '--timeout=60s']);
    web = await podsOf(`part=${app}-web`);
  });

  it('are the pods of workloads, services and selectors, in order', async () => {
    expect(web).toHaveLength(2);
    expect(await ports(`deploy/${app}-web`)).toEqual(web);
    expect(await ports(`svc/${app}-web`)).toEqual(web);
    expect(await ports('--selector', `part=${app}-web`)).toEqual(web);
    expect(await ports(`statefulsets.apps/${app}-db`, `deployment/${app}-web`)).toEqual(
      [`${app}-db-0`, ...web].sort(),
    );
    const [set] = (await kubectl(['get', 'rs', '-l', `part=${app}-web`, '-o', 'name'])).split('\n');
    expect(await ports(set?.replace('replicaset.apps', 'rs') ?? '')).toEqual(web);
  });

  it('have a POD column, and one summary', async () => {
    const table = await netdebug(['ports', `deploy/${app}-web`, '--image', image, '-l']).finished;
    expect(table.stdout).toMatch(/^POD +PROTO/);
    const summary = await netdebug(['ports', `deploy/${app}-web`, '--image', image, '--summary'])
      .finished;
    expect(summary.stdout).toMatch(/^tcp +LISTEN +2$/m);
  });

  it('are jobs, and the jobs of cron jobs, including manually created ones', async () => {
    const capture = async (target: string) =>
      (
        await netdebug([
          'capture',
          target,
          '--image',
          image,
          '--duration',
          '1',
          '-w',
          freshPath('x'),
        ]).finished
      ).stderr;
    expect(await capture(`job/${app}-job`)).toMatch(new RegExp(`/${app}-job-`));
    expect(await capture(`cronjob/${app}-nightly`)).toMatch(new RegExp(`/${app}-byhand-`));
  });

  it('are captured only with their peers, whatever addresses these have', async () => {
    const [first = ''] = web;
    const file = freshPath('peers.pcap');
    const running = traced([
      ...['capture', first, '--image', image, '-w', file, '-c', '1', '--duration', '20'],
      ...['--peer', `sts/${app}-db`, '--peer', 'fd00::/8', '--', 'icmp or tcp port 80'],
    ]);
    await running.reports('capturing');
    const ip = await kubectl(['get', 'pod', first, '-o', 'jsonpath={.status.podIP}']);
    const open = ['bash', '-c', `exec 3<>/dev/tcp/${ip}/80`];
    await kubectl(['exec', `${app}-db-0`, '--', ...open]);
    const result = await running.finished;
    expect(result.code, result.stderr).toBe(0);
    expect(statSync(file).size).toBeGreaterThan(24);
  });

  it('that do not exist are reported as in kubectl, with similar names', async () => {
    const near = await refused(`deploy/${app}-wbe`);
    expect(near.kinds).toEqual(['not-found']);
    // The same wording as kubectl.
    expect(near.stderr).toContain(
      `Error from server (NotFound): deployments.apps "${app}-wbe" not found\n`,
    );
    expect(near.stderr).toContain(`"${app}-web"`);
    const elsewhere = await refused('-n', 'default', `svc/${app}-web`);
    expect(elsewhere.kinds).toEqual(['not-found']);
    expect(elsewhere.stderr).toContain(`-n ${world.namespace}`);
    for (const [words, kind, named] of [
      [['node/nowhere'], 'not-found', 'nodes "nowhere"'],
      [['--selector', 'no=such'], 'not-found', "-l 'no=such'"],
      [['--selector', '='], 'invalid', '(BadRequest)'],
      [[`svc/${app}-elsewhere`], 'unsuitable', 'example.com'],
      [['cm/x'], 'usage', '"cm"'],
    ] as const) {
      const { kinds, stderr } = await refused(...words);
      expect(kinds, stderr).toEqual([kind]);
      expect(stderr).toContain(named);
    }
  });

  it('that are more pods than allowed are listed, and nothing is added to them', async () => {
    const { name } = await runPod('untouched', { metadata: { labels: { quiet: app } } });
    const { kinds, stderr } = await refused('--max-pods', '1', `svc/${app}-web`, name);
    expect(kinds).toEqual(['usage']);
    expect(stderr).toContain(`${web[0]}, ${web[1]}, ${name}`);
    expect(stderr).toContain('--max-pods 3');
    const added = await kubectl(['get', 'pod', name, '-o', 'jsonpath={.spec.ephemeralContainers}']);
    expect(added).toBe('');
  });

  it('in all namespaces are distinguished', async () => {
    const other = await namespaceFor('other');
    const pod = { ...template(world.nodes[0]), apiVersion: 'v1', kind: 'Pod' };
    const named = (namespace: string) =>
      JSON.stringify({
        ...pod,
        metadata: { name: `${app}-twin`, namespace, labels: { twin: app } },
      });
    for (const namespace of [world.namespace, other]) {
      await kubectl(['-n', namespace, 'create', '-f', '-'], named(namespace));
      await kubectl([
        ...['-n', namespace, 'wait', '--for=condition=Ready', `pod/${app}-twin`],
        '--timeout=60s',
      ]);
    }
    const listed = await ports('-A', '--selector', `twin=${app}`);
    expect(listed.toSorted()).toEqual(
      [`${world.namespace}/${app}-twin`, `${other}/${app}-twin`].toSorted(),
    );
  });

  it('that have finished are skipped, with a notice', async () => {
    const done = JSON.stringify({
      ...template(world.nodes[0], [{ ...container, command: ['true'] } as typeof container], {
        restartPolicy: 'Never',
      }),
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: `${app}-done`, labels: { half: app } },
    });
    await kubectl(['create', '-f', '-'], done);
    const { name } = await runPod('half', { metadata: { labels: { half: app } } });
    await kubectl([
      ...['wait', '--for=jsonpath={.status.phase}=Succeeded', `pod/${app}-done`],
      '--timeout=60s',
    ]);
    const result = await failure(['ports', '--selector', `half=${app}`, '--image', image]);
    expect(result.code, result.stderr).toBe(0);
    expect(result.notices).toContain('target-skipped');
    expect(result.stderr).toContain(`"${app}-done"`);
    expect(result.stdout).toContain(name);
  });

  it('with a detached capture each are fetched, stopped and removed by one name', async () => {
    const started = await netdebug([
      ...['capture', `deploy/${app}-web`, '--image', image, '--detach', '--name', 'both'],
    ]).finished;
    expect(started.code, started.stderr).toBe(0);
    expect(started.stdout).toBe('both\n');
    for (const pod of web) expect(started.stderr).toContain(`/${pod} `);
    const folder = freshPath('both');
    const stopped = await netdebug(['captures', 'stop', 'both']).finished;
    expect(stopped.code, stopped.stderr).toBe(0);
    const fetched = await netdebug(['captures', 'fetch', 'both', '-w', folder]).finished;
    expect(fetched.code, fetched.stderr).toBe(0);
    expect(readdirSync(folder).sort()).toEqual(web);
    for (const pod of web) {
      expect(statSync(`${folder}/${pod}`).mode & 0o777).toBe(0o700);
      const manifest = JSON.parse(readFileSync(`${folder}/${pod}/capture.json`, 'utf8')) as {
        pod: string;
      };
      expect(manifest.pod).toBe(pod);
    }
    const ambiguous = await failure(['captures', 'follow', 'both']);
    expect(ambiguous.kinds).toEqual(['usage']);
    expect(ambiguous.stderr).toContain(`${web[0]}/both`);
    const removed = await netdebug(['captures', 'rm', 'both']).finished;
    expect(removed.code, removed.stderr).toBe(0);
    expect((await netdebug(['captures', 'list']).finished).stdout).not.toContain('both');
  });

  it('that a user may not read are reported with the missing rule', async () => {
    const as = (user: string) => ({ KUBECONFIG: namespaced(world.users[user] ?? '') });
    const forbidden = async (user: string, ...args: string[]) => {
      const { kinds, stderr } = await failure(['ports', '--image', image, ...args], {
        env: as(user),
      });
      expect(kinds).toEqual(['forbidden']);
      return stderr;
    };
    expect(await forbidden('bare-debugger', `deploy/${app}-web`)).toMatch(
      /kind: Role\n.*- apiGroups: \["apps"\]\n *resources: \["deployments"\]\n *verbs: \["get"\]\n/s,
    );
    const everywhere = await forbidden('debugger-default', '-A', '--selector', `app=${app}`);
    expect(everywhere).toMatch(/kind: ClusterRole\n/);
    const first = await forbidden('one-pod', '--selector', `app=${app}`);
    expect(first).toMatch(/resources: \["pods"\]/);
    const allowed = await failure(['ports', '--image', image, `svc/${app}-web`], {
      env: as('debugger'),
    });
    expect(allowed.kinds).toEqual([]);
  });
});
