import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { NoticeKind } from '../../src/notice.ts';
import { LATE_PACKETS_PREFIX } from '../../src/pcap/mergedFile.ts';
import { type Reported, traced } from './support/failure.ts';
import { CHATTER, makePod, podName, runPod } from './support/pods.ts';
import { eventually, type Finished, run } from './support/process.ts';
import { leftWorking } from './support/processes.ts';
import { freshPath, kubectl, netdebug, world } from './support/world.ts';

/** The output of one of Wireshark's programs for a file. It must not print warnings. */
async function reads(program: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(program, args, { env: { LC_ALL: 'C.UTF-8' } });
  const complaints = stderr.replace(/^Running as user "root" and group "root".*\n/m, '');
  expect({ code, complaints }).toEqual({ code: 0, complaints: '' });
  return stdout;
}

/** The packets of a file sorted by time: where, when, and what. */
async function packetsOf(file: string, filter: string, ...fields: readonly string[]) {
  const fieldArgs = ['frame.interface_name', 'frame.time_epoch', ...fields].flatMap((f) => [
    '-e',
    f,
  ]);
  const text = await reads('tshark', '-n', '-r', file, '-Y', filter, '-T', 'fields', ...fieldArgs);
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split('\t'))
    .sort(([, a], [, b]) => Number(a) - Number(b));
}

/**
 * Checks that the packets are sorted by time. On a busy machine, some may arrive after newer ones were written. The
 * file must then contain a note about it.
 */
async function expectOrder(file: string): Promise<void> {
  const isInOrder = (await reads('capinfos', '-o', '-T', '-r', file)).trimEnd().endsWith('True');
  expect(readFileSync(file).includes(LATE_PACKETS_PREFIX)).toBe(!isInOrder);
}

/** When the newest datagram in a file was captured that may still be written. Seconds; 0 if there is none. */
async function lastDatagram(file: string): Promise<number> {
  const fields = ['-Y', 'udp.port == 9', '-T', 'fields', '-e', 'frame.time_epoch'];
  const { stdout } = await run('tshark', ['-n', '-r', file, ...fields]);
  return Math.max(0, ...stdout.split('\n').map(Number));
}

/** Sends 20 datagrams to an address. */
const SEND = 'for ((i = 0; i < 20; i++)); do printf more >"/dev/udp/$1/9"; done';

/** Sends one request to a web server from another pod. */
async function ask(from: string, ip: string, path: string): Promise<void> {
  await kubectl([
    ...['exec', from, '--', 'bash', '-c'],
    'exec 3<>"/dev/tcp/$1/80"; printf "GET %s HTTP/1.0\\r\\n\\r\\n" "$2" >&3; cat <&3 >/dev/null',
    ...['bash', ip, path],
  ]);
}

/** Nothing was lost and nothing failed. */
function isQuiet(
  { stderr }: Finished,
  { kinds, failed, notices }: Reported,
  hasTable = true,
): void {
  expect([kinds, failed]).toEqual([[], {}]);
  const expected: ReadonlySet<NoticeKind> = new Set([
    ...(['capturing', 'waiting', 'target-joined', 'first-packets-missed'] as const),
  ]);
  expect(notices.filter((kind) => !expected.has(kind))).toEqual([]);
  const rows = [...stderr.matchAll(/^.* complete$/gm)];
  expect(rows.length > 0).toBe(hasTable);
  for (const [row] of rows) expect(row).toMatch(/^\S+ +\S+ +[1-9]\d* +0 +complete$/);
}

const image = world.flavours[0]?.image ?? '';
let web: { name: string; ip: string };
let client: { name: string; ip: string };
beforeAll(async () => {
  [web, client] = await Promise.all([runPod('web'), runPod('asking', { node: 1 })]);
});

function capture(targets: readonly string[], ...args: readonly string[]) {
  return traced(['capture', ...targets, '--image', image, ...args]);
}

describe('a capture of several pods', () => {
  it('is one pcapng: the request is seen at both pods, in order', async () => {
    const file = freshPath('both.pcapng');
    const running = capture([web.name, client.name], '-w', file, '--', 'tcp port 80');
    await running.reports('capturing', { times: 2 });
    for (const number of [1, 2, 3]) await ask(client.name, web.ip, `/number-${number}`);
    running.child.kill('SIGINT');
    const finished = await running.finished;
    expect(finished.code, finished.stderr).toBe(0);
    isQuiet(finished, running.reported());
    expect(finished.stderr).toMatch(/^POD +NODE +PACKETS +DROPPED +END$/m);
    expect(finished.stderr).toMatch(/^\d+ packets .*both\.pcapng\b/m);

    const atClient = `${world.namespace}/${client.name}/eth0`;
    const atWeb = `${world.namespace}/${web.name}/eth0`;
    // Matched by their bytes: tshark treats a packet that it sees twice as a retransmission, not as HTTP.
    const requests = await packetsOf(file, 'tcp.payload contains "GET /"', 'tcp.payload');
    const path = (payload = '') => Buffer.from(payload, 'hex').toString().split(' ')[1];
    expect(requests.map(([at, , payload]) => [at, path(payload)])).toEqual(
      [1, 2, 3].flatMap((number) => [
        [atClient, `/number-${number}`],
        [atWeb, `/number-${number}`],
      ]),
    );
    const answers = await packetsOf(file, 'tcp.payload contains "HTTP/1.1 "');
    expect(answers.map(([at]) => at)).toEqual([1, 2, 3].flatMap(() => [atWeb, atClient]));
    await expectOrder(file);

    const info = await reads('capinfos', file);
    expect(info).toMatch(/Number of interfaces in file: 2/);
    expect(info).toContain(`Name = ${atWeb}`);
    expect(info).toMatch(/Capture length|Filter string = tcp port 80/);
    const blocks = await reads(
      ...(['tshark', '-X', 'read_format:MIME Files Format', '-r', file, '-V'] as const),
    );
    expect(blocks).toContain(`node: ${world.nodes[0]}`);
    expect(blocks).toContain(`image: ${world.appImage}`);
    expect(blocks).toMatch(/clock offset: [\d.]+ ms\b/);
    expect(blocks.match(/Interface Statistics Block/g)?.length).toBeGreaterThanOrEqual(2);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await leftWorking(web.name)).toEqual([]);
  });

  it('combines pods and nodes; the file contains the filter of each recorder', async () => {
    const nodes = world.nodes.map((node) => `node/${node}`);
    const file = freshPath('mixed.pcapng');
    const running = capture([client.name, ...nodes], '-i', 'any', '-w', file, '--', 'tcp port 80');
    await running.reports('capturing', { times: 3 });
    await ask(client.name, web.ip, '/from-pod-to-pod');
    running.child.kill('SIGINT');
    const finished = await running.finished;
    expect(finished.code, finished.stderr).toBe(0);
    expect(finished.stderr).toMatch(/^TARGET +NODE +PACKETS /m);
    for (const name of [client.name, ...nodes])
      expect(finished.stderr).toMatch(new RegExp(`^${name} .* complete$`, 'm'));

    const requests = await packetsOf(file, 'tcp.payload contains "GET /from-pod-to-pod"');
    const seenAt = new Set(requests.map(([at]) => at));
    expect(seenAt).toContain(`${world.namespace}/${client.name}/any`);
    for (const node of world.nodes) expect(seenAt).toContain(`${node}/any`);
    const blocks = await reads(
      ...(['tshark', '-X', 'read_format:MIME Files Format', '-r', file, '-V'] as const),
    );
    const filters = [...blocks.matchAll(/filter string: (.*)/gi)].map(([, text = '']) => text);
    expect(filters.filter((text) => text === 'tcp port 80')).toHaveLength(1);
    const ofNodes = filters.filter((text) => text !== 'tcp port 80');
    expect(ofNodes).toHaveLength(nodes.length);
    for (const text of ofNodes)
      expect(text).toMatch(/^\(tcp port 80\) and not \(tcp port 10250( or tcp port \d+)*\)$/);
    expect(await leftWorking(client.name)).toEqual([]);
  });

  it('finds each pod in the namespace before its name', async () => {
    const file = freshPath('namespaced.pcapng');
    const names = [`${world.namespace}/${web.name}`, `${world.namespace}/pod/${client.name}`];
    const running = capture(names, '-n', 'default', '-w', file, '--', 'tcp port 80');
    await running.reports('capturing', { times: 2 });
    await ask(client.name, web.ip, '/namespaced');
    running.child.kill('SIGINT');
    const { code, stderr } = await running.finished;
    expect(code, stderr).toBe(0);
    const requests = await packetsOf(file, 'tcp.payload contains "GET /namespaced"');
    expect(requests.map(([at]) => at)).toEqual(
      [client, web].map(({ name }) => `${world.namespace}/${name}/eth0`),
    );
    const ports = await netdebug([
      ...['ports', ...names, '-n', 'default', '--image', image, '--listening'],
    ]).finished;
    expect(ports.code, ports.stderr).toBe(0);
    expect(ports.stdout).toMatch(new RegExp(`^${web.name} .*:80 `, 'm'));
  });

  it('is written to a folder, one file for each pod', async () => {
    const folder = `${freshPath('folder')}/`;
    const running = capture([web.name, client.name], '-w', folder, '--', 'tcp port 80');
    await running.reports('capturing', { times: 2 });
    await ask(client.name, web.ip, '/');
    running.child.kill('SIGINT');
    const finished = await running.finished;
    expect(finished.code, finished.stderr).toBe(0);
    isQuiet(finished, running.reported());
    expect(readdirSync(folder).sort()).toEqual([`${web.name}.pcap`, `${client.name}.pcap`].sort());
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const file of readdirSync(folder))
      expect(await packetsOf(`${folder}${file}`, 'http.request')).toHaveLength(1);
  });

  it('is text in which each line starts with its pod', async () => {
    const running = capture([web.name, client.name], '--', 'tcp port 80');
    await running.reports('capturing', { times: 2 });
    await ask(client.name, web.ip, '/');
    await running.says(/HTTP: GET[\s\S]*HTTP: GET/);
    running.child.kill('SIGINT');
    const { code, stdout, stderr } = await running.finished;
    expect(code, stderr).toBe(0);
    const begins = new Set(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.split(' ')[0]),
    );
    expect(begins).toEqual(new Set([web.name, client.name]));
  });

  it('is a stream that other programs read, with exactly -c packets', async () => {
    const noisy = await runPod('noisy', { command: CHATTER, env: { TO: web.ip } });
    const { code, stdout, stderr } = await capture(
      ...[[web.name, noisy.name], '-w', '-', '-c', '20', '--', 'udp port 9'],
    ).finished;
    expect(code, stderr).toBe(0);
    const file = freshPath('stream.pcapng');
    writeFileSync(file, Buffer.from(stdout, 'latin1'));
    const packets = await packetsOf(file, 'udp', 'udp.payload');
    expect(packets).toHaveLength(20);
    await expectOrder(file);
  });

  it('continues when a pod is deleted, and reports what was lost', async () => {
    const [going, noisy] = await Promise.all([
      runPod('going'),
      runPod('noisy', { node: 1, command: CHATTER, env: { TO: web.ip } }),
    ]);
    const file = freshPath('deleted.pcapng');
    const running = capture(
      [going.name, noisy.name],
      '-w',
      file,
      '--',
      'udp port 9 or tcp port 80',
    );
    await running.reports('capturing', { times: 2 });
    await ask(client.name, going.ip, '/before');
    const isHere = () => readFileSync(file).includes('GET /before');
    expect(await eventually(isHere), 'the request never came into the file').toBe(true);
    await kubectl(['delete', 'pod', going.name, '--wait=false']);
    await running.reports('target-failed', { target: going.name });
    const at = Date.now() / 1000;
    expect(await eventually(async () => (await lastDatagram(file)) > at)).toBe(true);
    running.child.kill('SIGINT');
    const { code, stderr } = await running.finished;
    expect(code, stderr).toBe(1);
    const { kinds, failed } = running.reported();
    expect([kinds, failed]).toEqual([[], { [going.name]: 'lost' }]);
    expect(stderr).toMatch(new RegExp(`^${going.name} .*lost$`, 'm'));
    expect(stderr).toMatch(new RegExp(`^${noisy.name} .* complete$`, 'm'));
    expect(await packetsOf(file, 'http.request')).toHaveLength(1);
    await expectOrder(file);
  });

  it('is a ring of files for each pod, in separate folders, copied at the end', async () => {
    const noisy = await runPod('noisy', { node: 1, command: CHATTER, env: { TO: web.ip } });
    const folder = freshPath('rings');
    const running = capture(
      ...[[web.name, noisy.name], '-C', '1', '-W', '2', '-w', folder, '--', 'udp port 9'],
    );
    await running.reports('capturing', { times: 2 });
    // Sent before the recorders are asked to end, so that both must have recorded them.
    await kubectl(['exec', noisy.name, '--', 'bash', '-c', SEND, 'bash', web.ip]);
    running.child.kill('SIGINT');
    const finished = await running.finished;
    expect(finished.code, finished.stderr).toBe(0);
    for (const { name } of [web, noisy]) {
      expect(finished.stderr).toMatch(new RegExp(`^${name}: 1 file, \\d+ packets .* in \\S+`, 'm'));
      const [file = ''] = readdirSync(`${folder}/${name}`).filter((entry) => /\.pcap/.test(entry));
      const packets = await packetsOf(`${folder}/${name}/${file}`, 'udp.port == 9');
      expect(packets.length, name).toBeGreaterThan(10);
    }
    expect(await leftWorking(web.name)).toEqual([]);
  });

  it('continues with the others if one cannot start', async () => {
    const pending = await makePod('pending', {
      spec: { nodeName: '', nodeSelector: { nowhere: 'at-all' } },
    });
    const file = freshPath('one.pcapng');
    const running = capture([web.name, pending], '-w', file, '--', 'tcp port 80');
    await running.reports('capturing');
    await ask(client.name, web.ip, '/alone');
    running.child.kill('SIGINT');
    const { code, stderr } = await running.finished;
    expect(code, stderr).toBe(1);
    const { kinds, failed } = running.reported();
    expect([kinds, failed]).toEqual([[], { [pending]: 'unsuitable' }]);
    expect(stderr).toMatch(new RegExp(`^${pending} .* 0 .*not captured$`, 'm'));
    expect(stderr).toMatch(new RegExp(`^${web.name} .* complete$`, 'm'));
    const requests = await packetsOf(file, 'http.request', 'http.request.uri');
    expect(requests.map(([at, , uri]) => [at, uri])).toEqual([
      [`${world.namespace}/${web.name}/eth0`, '/alone'],
    ]);
  });

  it('fails and leaves no file if none can start', async () => {
    const file = freshPath('none.pcapng');
    const running = capture(
      ...[[web.name, client.name], '-w', file, '--duration', '1s', '-i', 'eth0', '--', 'prot 80'],
    );
    const { code } = await running.finished;
    expect(code).toBe(2);
    const { kinds, failed } = running.reported();
    expect(kinds).toEqual(['usage']);
    expect(failed).toEqual({ [web.name]: 'usage', [client.name]: 'usage' });
    expect(() => readFileSync(file)).toThrow();
  });

  it('requires a file format that can tell pods apart', async () => {
    const { code, stderr } = await capture([web.name, client.name], '-w', 'both.pcap').finished;
    expect(code).toBe(2);
    expect(stderr).toMatch(/-w both.pcapng\n.*-w both\//);
  });
});

describe('a capture of a workload', () => {
  const app = podName('joined');
  const labels = { app };
  beforeAll(async () => {
    const container = { name: 'main', image: world.appImage, imagePullPolicy: 'IfNotPresent' };
    const spec = { terminationGracePeriodSeconds: 0, containers: [container] };
    const spread = {
      maxSkew: 1,
      topologyKey: 'kubernetes.io/hostname',
      whenUnsatisfiable: 'ScheduleAnyway',
      labelSelector: { matchLabels: labels },
    };
    const template = {
      metadata: { labels },
      spec: { ...spec, topologySpreadConstraints: [spread] },
    };
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: app },
      spec: { replicas: 2, selector: { matchLabels: labels }, template },
    };
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: app },
      spec: { selector: labels, ports: [{ port: 80 }] },
    };
    const items = [deployment, service];
    await kubectl(['create', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
    await kubectl(['wait', '--for=condition=Available', `deploy/${app}`, '--timeout=60s']);
  });

  it('includes its pods on both nodes, however it is named', async () => {
    const outcomes = await Promise.all(
      [[`deploy/${app}`], [`svc/${app}`], ['-l', `app=${app}`]].map(
        (targets) => capture(targets, '-w', freshPath('x.pcapng'), '--duration', '2s').finished,
      ),
    );
    for (const { code, stderr } of outcomes) {
      expect(code, stderr).toBe(0);
      const lines = stderr.split('\n').filter((line) => line.startsWith(`${app}-`));
      const nodes = lines.filter((line) => line.endsWith('complete')).map((l) => l.split(/ +/)[1]);
      expect(nodes.toSorted(), stderr).toEqual(world.nodes.toSorted());
    }
  });

  it('is joined by a pod that is created, and continues when one is deleted', async () => {
    const file = freshPath('joined.pcapng');
    const running = capture([`deploy/${app}`], '--follow-pods', '-w', file, '--', 'tcp port 80');
    await running.reports('capturing', { times: 2 });
    const old = running.reported().targetsOf('capturing')[0] ?? '';
    await kubectl(['delete', 'pod', old, '--wait=false']);
    await running.reports('target-joined');
    const name = running.reported().targetsOf('target-joined')[0] ?? '';
    await running.reports('capturing', { target: name });
    const ip = await kubectl(['get', 'pod', name, '-o', 'jsonpath={.status.podIP}']);
    await ask(client.name, ip, '/to-the-new-one');
    running.child.kill('SIGINT');
    const { code, stderr } = await running.finished;
    expect(code, stderr).toBe(0);
    const { failed, noticesOf } = running.reported();
    expect(failed).toEqual({});
    expect(noticesOf(old)).toContain('target-ended');
    expect(stderr).toMatch(new RegExp(`^${old} .*pod has ended$`, 'm'));
    const requests = await packetsOf(file, 'http.request', 'http.request.uri');
    expect(requests.map(([at, , uri]) => [at, uri])).toEqual([
      [`${world.namespace}/${name}/eth0`, '/to-the-new-one'],
    ]);
  });

  it('waits for the first pod, and reports how much of its life is missing', async () => {
    const app = podName('late');
    const file = freshPath('late.pcapng');
    const running = capture(['-l', `app=${app}`], '--follow-pods', '-w', file, '--', 'tcp port 80');
    await running.reports('waiting');
    const late = await runPod('late', { metadata: { labels: { app } } });
    const target = `${world.namespace}/${late.name}`;
    await running.reports('capturing', { target });
    await running.reports('first-packets-missed', { target });
    await ask(client.name, late.ip, '/to-the-late-one');
    running.child.kill('SIGINT');
    const { code, stderr } = await running.finished;
    expect(code, stderr).toBe(0);
    expect(running.reported().noticesOf(target)).toContain('target-joined');
    // How long it had been running, and what captures the first packets of the next pod.
    expect(stderr).toMatch(new RegExp(`^${target}: .* \\d+ s .*\\bnode/${world.nodes[0]}$`, 'm'));
    const requests = await packetsOf(file, 'http.request', 'http.request.uri');
    expect(requests.map(([, , uri]) => uri)).toEqual(['/to-the-late-one']);
  });

  it('ends after --duration if no pod is created', async () => {
    const selector = ['-l', `app=${podName('never')}`];
    const { code, stderr } = await capture(selector, '--follow-pods', '--duration', '1s').finished;
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/^0 packets/m);
    const { code: refused } = await capture(selector, '--duration', '1s').finished;
    expect(refused).toBe(1);
  });
});

describe('a capture of the other end', () => {
  it('is joined by the clients of a service', async () => {
    const app = podName('served');
    const labels = { app };
    const [served, caller] = await Promise.all([
      runPod('served', { metadata: { labels } }),
      runPod('caller', { node: 1 }),
    ]);
    await kubectl(['create', 'service', 'clusterip', app, '--tcp=80']);
    const service = `{.spec.clusterIP}`;
    const address = await kubectl(['get', 'service', app, '-o', `jsonpath=${service}`]);
    const file = freshPath('clients.pcapng');
    const running = capture([`svc/${app}`], '--with-clients', '-w', file, '--', 'tcp port 80');
    await running.reports('capturing');
    await ask(caller.name, address, '/first');
    await running.reports('target-joined', { target: caller.name });
    await running.reports('capturing', { target: caller.name });
    await ask(caller.name, address, '/second');
    running.child.kill('SIGINT');
    const finished = await running.finished;
    expect(finished.code, finished.stderr).toBe(0);
    isQuiet(finished, running.reported());
    expect(finished.stderr).toMatch(new RegExp(`^${caller.name}: .*\\b${served.name}\\b`, 'm'));
    const requests = await packetsOf(file, 'tcp.payload contains "GET /"', 'tcp.payload');
    const at = ({ name }: { name: string }) => `${world.namespace}/${name}/eth0`;
    const delivered = requests.map(([where, , payload = '']) => [
      where,
      Buffer.from(payload, 'hex').toString().split(' ')[1],
    ]);
    expect(delivered).toEqual([
      [at(served), '/first'],
      [at(caller), '/second'],
      [at(served), '/second'],
    ]);
    await expectOrder(file);
  });

  it('adds the new addresses of --peer, and records nothing twice', async () => {
    const app = podName('peer');
    const labels = { app };
    const first = await runPod('peer', { metadata: { labels } });
    await kubectl(['create', 'service', 'clusterip', app, '--tcp=80']);
    const file = freshPath('peers.pcapng');
    const running = capture([client.name], '--peer', `svc/${app}`, '-w', file, '--', 'tcp port 80');
    await running.reports('capturing');
    await ask(client.name, first.ip, '/first');
    const second = await runPod('peer', { metadata: { labels }, node: 1 });
    await running.reports('addresses-added');
    await running.reports('capturing', { times: 2 });
    await ask(client.name, second.ip, '/second');
    await ask(client.name, first.ip, '/first-again');
    await ask(client.name, web.ip, '/nobody');
    running.child.kill('SIGINT');
    const { code, stderr } = await running.finished;
    expect(code, stderr).toBe(0);
    expect(stderr).toContain(`host ${second.ip}`);
    const requests = await packetsOf(file, 'http.request', 'http.request.uri');
    expect(requests.map(([, , uri]) => uri)).toEqual(['/first', '/second', '/first-again']);
    expect(await reads('capinfos', file)).toMatch(/Number of interfaces in file: 2/);
  });

  it('requires a file for clients', async () => {
    const { code, stderr } = await capture([web.name], '--with-clients').finished;
    expect(code).toBe(2);
    expect(stderr).toMatch(/--with-clients.*\n.*-w web.pcapng/);
  });
});

describe('a capture of one pod', () => {
  it('is pcapng if the file name says so', async () => {
    const file = freshPath('alone.pcapng');
    const running = capture([web.name], '-w', file, '--', 'tcp port 80');
    await running.reports('capturing');
    await ask(client.name, web.ip, '/alone');
    running.child.kill('SIGINT');
    const finished = await running.finished;
    expect(finished.code, finished.stderr).toBe(0);
    isQuiet(finished, running.reported(), false);
    expect(finished.stderr).not.toMatch(/^POD /m);
    expect(await reads('capinfos', '-t', '-T', '-r', file)).toMatch(/pcapng/);
    expect(await packetsOf(file, 'http.request')).toHaveLength(1);
  });
});
