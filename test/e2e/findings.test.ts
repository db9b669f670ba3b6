import { beforeAll, beforeEach, expect, it } from 'vitest';
import { traced } from './support/failure.ts';
import { inNetworkOf, onNode, type PodProcesses, processesOf } from './support/nodes.ts';
import { runPod } from './support/pods.ts';
import { eventually, type Running, run, start } from './support/process.ts';
import { has, needs } from './support/skips.ts';
import { freshPath, PROGRAM } from './support/world.ts';

interface Pod {
  readonly name: string;
  readonly ip: string;
  readonly processes: PodProcesses;
}

interface Finding {
  readonly kind: string;
  readonly severity: string;
  readonly what: string;
}

let client: Pod;
let server: Pod;

async function podOn(purpose: string, node: 0 | 1): Promise<Pod> {
  const { name, ip, uid } = await runPod(purpose, { node });
  return { name, ip, processes: processesOf(uid) };
}

beforeEach((test) => needs(test, 'nodes on this machine'));
beforeAll(async () => {
  if (!has('nodes on this machine')) return;
  [client, server] = await Promise.all([podOn('asker', 0), podOn('answerer', 1)]);
});

/** Starts a program of this machine in the network of a pod. It is killed at the end of the test. */
function startIn(pod: Pod, program: string, ...args: string[]): Running {
  return start('nsenter', ['-t', String(pod.processes.pod), '-n', '--', program, ...args]);
}

/** Runs JavaScript in the network of a pod: `S` is the server's address, `P` the port. */
function script(pod: Pod, port: number, text: string): Running {
  const head = `const S = '${server.ip}', P = ${port}, net = require('net'), dgram = require('dgram'), tls = require('tls');`;
  return startIn(pod, process.execPath, '-e', `${head}${text}`);
}

type Scene = (port: number, after: (undo: () => Promise<unknown>) => void) => Promise<void>;

/** The first findings of the summary, for the traffic that a pod sees during a scene on a port. */
async function findingsOf(pod: Pod, port: number, scene: Scene): Promise<readonly Finding[]> {
  return summaryOf(await captureOf(pod, port, scene));
}

/** The datagram at the end of the scene on a port has a port that is this much higher. */
const MARKS = 20_000;

/** Captures the traffic of a scene in a pod. Returns the file. */
async function captureOf(pod: Pod, port: number, scene: Scene): Promise<string> {
  const [file, whole] = [freshPath(`${port}.pcap`), freshPath(`${port}-marked.pcap`)];
  const mark = MARKS + port;
  const filter = `port ${port} or icmp or udp dst port ${mark}`;
  // Otherwise the last packets stay in the kernel's buffer.
  const argv = ['--immediate-mode', '-U', '-B', '16384', '-i', 'eth0', '-w', whole, filter];
  const recorder = startIn(pod, 'tcpdump', ...argv);
  const undone: (() => Promise<unknown>)[] = [];
  try {
    await recorder.says(/listening on/);
    await scene(port, (undo) => undone.push(undo));
    // When tcpdump has written this datagram, it has written all packets before it. Nothing responds to this address.
    await inNetworkOf(pod.processes, `bash -c 'echo end >/dev/udp/224.0.0.200/${mark}'`);
    const hasMark = async () =>
      (await run('tcpdump', ['-nn', '-r', whole, `udp dst port ${mark}`])).stdout !== '';
    expect(await eventually(hasMark)).toBe(true);
  } finally {
    recorder.child.kill('SIGINT');
    await recorder.finished;
    for (const undo of undone.reverse()) await undo();
  }
  const { code, stderr } = await run('tcpdump', [
    ...['-r', whole, '-w', file],
    `not udp dst port ${mark}`,
  ]);
  expect(code, stderr).toBe(0);
  return file;
}

async function summaryOf(file: string): Promise<readonly Finding[]> {
  const [program, ...words] = PROGRAM;
  const { stdout, stderr, code } = await run(program, [...words, 'summary', file, '-o', 'json']);
  expect(code, stderr).toBe(0);
  return (JSON.parse(stdout) as { findings: readonly Finding[] }).findings;
}

/** Starts a server that reports when it is ready. It is killed at the end of the scene. */
async function serve(port: number, after: Parameters<Scene>[1], text: string): Promise<Running> {
  const running = script(server, port, text);
  after(async () => running.child.kill('SIGKILL'));
  await running.says(/ready/);
  return running;
}

/** A server that echoes its input, or runs `text` for each connection `c`. */
async function echo(port: number, after: Parameters<Scene>[1], text = 'c.pipe(c)') {
  return serve(
    port,
    after,
    `net.createServer({ allowHalfOpen: false }, (c) => { c.on('error', () => {}); ${text} }).listen(P, '0.0.0.0', () => console.log('ready'))`,
  );
}

/** Adds a rule to the packet filter of a pod or of its node until the end of the scene. */
async function rule(where: typeof onNode, pod: Pod, text: string, after: Parameters<Scene>[1]) {
  const command = (action: string) => `iptables-legacy ${text.replace('-I', action)}`;
  await where(pod.processes, command('-I'));
  after(() => where(pod.processes, command('-D')));
}

/** A resolver. `answer` returns the flags of the answer for the type of a question, or undefined for no answer. */
async function resolver(port: number, after: Parameters<Scene>[1], answer: string) {
  await serve(
    port,
    after,
    `const s = dgram.createSocket('udp4'); s.on('message', (m, from) => {
      const type = m.readUInt16BE(m.length - 4), flags = (${answer})(type);
      if (flags === undefined) return;
      const r = Buffer.from(m); r.writeUInt16BE(flags, 2); s.send(r, from.port, from.address);
    }).bind(P, () => console.log('ready'))`,
  );
}

/** Queries A and AAAA records of two names from one socket, and again after 2.5 s if `again` is set. */
async function ask(port: number, again = false): Promise<void> {
  const asking = script(
    client,
    port,
    `const s = dgram.createSocket('udp4');
     const q = (id, name, type) => Buffer.concat([Buffer.from([0, id, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
       ...name.split('.').map((l) => Buffer.from([l.length, ...Buffer.from(l)])), Buffer.from([0, 0, type, 0, 1])]);
     const all = () => ['api.example.com', 'db.example.com'].forEach((name, i) =>
       [1, 28].forEach((type, j) => s.send(q(2 * i + j + 1, name, type), P, S)));
     all(); ${again ? 'setTimeout(() => s.send(q(2, "api.example.com", 28), P, S), 2500); setTimeout(() => process.exit(), 4000);' : 'let left = 4; s.on("message", () => { if (--left === 0) process.exit(); });'}`,
  );
  await asking.finished;
}

/** A connection that sends `first`, and `then` half a second later, and then waits. */
function talk(port: number, to: string, first: string, then = '', milliseconds = 3000): Running {
  return script(
    client,
    port,
    `const c = net.connect(P, '${to}', () => { c.write(${first}); ${then && `setTimeout(() => c.write(${then}), 500);`} });
     c.on('error', () => {}); setTimeout(() => process.exit(), ${milliseconds});`,
  );
}

/**
 * A connection that sends "hello". When it has been answered, runs `change`, sends "again", and waits for the given
 * time.
 */
async function talkAcross(port: number, change: () => Promise<void>, milliseconds: number) {
  const talking = script(
    client,
    port,
    `const c = net.connect(P, S, () => c.write('hello'));
     c.on('error', () => {}); c.once('data', () => console.log('answered'));
     process.stdin.once('data', () => { c.write('again'); setTimeout(() => process.exit(), ${milliseconds}); });`,
  );
  await talking.says(/answered/);
  await change();
  talking.child.stdin.write('again');
  await talking.finished;
}

const SERVICE = '10.96.77.77';

/** Each scene has its own port, so that all run at the same time. */
const SCENES: readonly (readonly [kind: string, port: number, scene: Scene])[] = [
  [
    'syn-unanswered',
    7101,
    async (port, after) => {
      // A full accept queue: the server does not accept connections any more.
      const full = await serve(
        port,
        after,
        "net.createServer(() => {}).listen({ port: P, host: '0.0.0.0', backlog: 1 }, () => console.log('ready'))",
      );
      full.child.kill('SIGSTOP');
      const many = script(
        client,
        port,
        `for (let i = 0; i < 6; i++) net.connect(P, S).on('error', () => {}); setTimeout(() => process.exit(), 3500);`,
      );
      await many.finished;
    },
  ],
  [
    'peer-stopped-answering',
    7102,
    async (port, after) => {
      await echo(port, after);
      // As if its node is gone: nothing arrives, and nothing comes back.
      const isolate = async () => {
        await rule(inNetworkOf, server, `-I INPUT -p tcp --dport ${port} -j DROP`, after);
        await rule(inNetworkOf, server, `-I OUTPUT -p tcp --sport ${port} -j DROP`, after);
      };
      await talkAcross(port, isolate, 4000);
    },
  ],
  [
    'mtu-black-hole',
    7103,
    async (port, after) => {
      await echo(port, after);
      const large = `-p tcp --dport ${port} -m length --length 1000:65535 -j DROP`;
      await rule(onNode, server, `-I FORWARD ${large}`, after);
      await talk(port, server.ip, "'hello'", "'x'.repeat(1200)", 3500).finished;
    },
  ],
  [
    'reset-by-middlebox',
    7104,
    async (port, after) => {
      await echo(port, after);
      const reject = `-p tcp --dport ${port} -j REJECT --reject-with tcp-reset`;
      await talkAcross(port, () => rule(onNode, client, `-I FORWARD ${reject}`, after), 1500);
    },
  ],
  [
    'nat-skipped',
    7105,
    async (port, after) => {
      await echo(port, after);
      const translate = `-d ${SERVICE} -p tcp --dport ${port} -j DNAT --to-destination ${server.ip}`;
      await rule(onNode, client, `-t nat -I PREROUTING ${translate}`, after);
      const skip = `-s ${server.ip} -p tcp --sport ${port} -j CT --notrack`;
      await rule(onNode, client, `-t raw -I PREROUTING ${skip}`, after);
      await talk(port, SERVICE, "'hello'", '', 1500).finished;
    },
  ],
  [
    'tls-version-mismatch',
    7106,
    async (port, after) => {
      await serve(
        port,
        after,
        "tls.createServer({ minVersion: 'TLSv1.3' }).on('tlsClientError', () => {}).listen(P, '0.0.0.0', () => console.log('ready'))",
      );
      const asking = script(
        client,
        port,
        "tls.connect({ host: S, port: P, maxVersion: 'TLSv1.2', rejectUnauthorized: false }).on('error', () => process.exit())",
      );
      await asking.finished;
    },
  ],
  [
    'dns-servfail',
    53,
    async (port, after) => {
      await resolver(port, after, '() => 0x8182');
      await ask(port);
    },
  ],
  [
    'dns-aaaa-ignored',
    1053,
    async (port, after) => {
      await resolver(port, after, '(type) => (type === 28 ? undefined : 0x8180)');
      await ask(port, true);
    },
  ],
  [
    'dns-truncated',
    5300,
    async (port, after) => {
      await resolver(port, after, '() => 0x8380');
      await ask(port);
    },
  ],
];

it.concurrent.each(SCENES)('the first finding is %s', async (kind, port, scene) => {
  const findings = await findingsOf(client, port, scene);
  expect(findings[0]?.kind, JSON.stringify(findings, undefined, 1)).toBe(kind);
});

/** Traffic without faults. Each scene has its own port. */
const HEALTHY: readonly (readonly [name: string, port: number, scene: Scene])[] = [
  [
    'long messages',
    7110,
    async (port, after) => {
      await echo(port, after);
      const text = "'x'.repeat(3000)";
      await Promise.all([1, 2, 3].map(() => talk(port, server.ip, text, "'bye'", 1500).finished));
    },
  ],
  [
    'parallel downloads',
    7112,
    async (port, after) => {
      await echo(port, after, 'c.end(Buffer.alloc(2e6))');
      await script(
        client,
        port,
        `for (let i = 0; i < 6; i++) net.connect({ port: P, host: S }).resume();`,
      ).finished;
    },
  ],
  [
    'short HTTP connections and a long one',
    7113,
    async (port, after) => {
      await serve(
        port,
        after,
        "require('http').createServer((q, r) => r.end('ok'.repeat(500))).listen(P, '0.0.0.0', () => console.log('ready'))",
      );
      const asking = script(
        client,
        port,
        `const http = require('http'), kept = new http.Agent({ keepAlive: true, maxSockets: 1 });
         const get = (agent) => new Promise((done) => http.get({ host: S, port: P, agent }, (r) => r.resume().on('end', done)));
         (async () => { for (let i = 0; i < 40; i++) await Promise.all([get(false), get(kept)]); kept.destroy(); })();`,
      );
      await asking.finished;
    },
  ],
  [
    'DNS with AAAA',
    8053,
    async (port, after) => {
      await resolver(port, after, '() => 0x8180');
      await ask(port);
    },
  ],
  [
    'TLS 1.2 and 1.3',
    7114,
    async (port, after) => {
      const [key, certificate] = [freshPath('tls.key'), freshPath('tls.crt')];
      const names = ['-subj', '/CN=shop', '-keyout', key, '-out', certificate];
      await run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...names]);
      await serve(
        port,
        after,
        `const fs = require('fs'), read = (f) => fs.readFileSync(f);
         tls.createServer({ key: read('${key}'), cert: read('${certificate}') }, (c) => c.pipe(c)).listen(P, '0.0.0.0', () => console.log('ready'))`,
      );
      const asking = script(
        client,
        port,
        `for (const v of ['TLSv1.2', 'TLSv1.3', 'TLSv1.2', 'TLSv1.3']) {
           const c = tls.connect({ host: S, port: P, minVersion: v, maxVersion: v, rejectUnauthorized: false, servername: 'shop.test' });
           c.write('hello'); c.on('data', () => c.end()); }`,
      );
      await asking.finished;
    },
  ],
  [
    'keep-alives',
    7115,
    async (port, after) => {
      await echo(port, after);
      await script(
        client,
        port,
        `const c = net.connect(P, S, () => { c.setKeepAlive(true, 1000); c.write('hello'); });
         c.resume(); setTimeout(() => c.end(), 4500);`,
      ).finished;
    },
  ],
];

it.concurrent.each(HEALTHY)('%s cause no findings', async (_name, port, scene) => {
  const file = await captureOf(client, port, scene);
  const problems = (await summaryOf(file)).filter(({ severity }) => severity !== 'info');
  // On a busy machine, the kernel retransmits segments and receivers stall. tshark then sees it, too.
  const again = ['-n', '-r', file, '-Y', 'tcp.analysis.retransmission'];
  const isSentAgain = (await run('tshark', again)).stdout !== '';
  const isStalled = (await longestZeroWindow(file)) > 0.05;
  const excused = new Set([
    ...(isSentAgain ? ['retransmissions'] : []),
    ...(isStalled ? ['zero-window'] : []),
  ]);
  expect(problems.filter(({ kind }) => !excused.has(kind))).toEqual([]);
});

/** The longest time that an end of a connection had no space for data, from tshark's fields. Seconds. */
async function longestZeroWindow(file: string): Promise<number> {
  const fields = ['frame.time_relative', 'tcp.stream', 'tcp.srcport', 'tcp.window_size'];
  const { stdout } = await run('tshark', [
    ...['-n', '-r', file, '-Y', 'tcp && !tcp.flags.reset', '-T', 'fields'],
    ...fields.flatMap((field) => ['-e', field]),
  ]);
  const closedAt = new Map<string, number>();
  let longest = 0;
  for (const line of stdout.trimEnd().split('\n')) {
    const [time = '', stream, port, size] = line.split('\t');
    const end = `${stream} ${port}`;
    if (size === '0') closedAt.set(end, closedAt.get(end) ?? Number(time));
    else {
      longest = Math.max(longest, Number(time) - (closedAt.get(end) ?? Number(time)));
      closedAt.delete(end);
    }
  }
  return longest;
}

it.concurrent('loss between two pods on two nodes is located in their merged capture', async () => {
  const port = 7111;
  const undone: (() => Promise<unknown>)[] = [];
  const after = (undo: () => Promise<unknown>) => undone.push(undo);
  await echo(port, after);
  const file = freshPath('both.pcapng');
  const capture = traced(
    ['capture', client.name, server.name, '-w', file, '--', 'port', String(port)],
    { onTestFinished: after as never },
  );
  try {
    await capture.reports('capturing', { times: 2 });
    await talk(port, server.ip, "'hello'", "'again'", 800).finished;
    const every = '-m statistic --mode nth --every 4 --packet 0 -j DROP';
    await rule(onNode, client, `-I FORWARD -p tcp --dport ${port} ${every}`, after);
    const text = "'x'.repeat(20000)";
    await talk(port, server.ip, text, "'bye'", 2500).finished;
    capture.child.kill('SIGINT');
    const { code, stderr } = await capture.finished;
    expect(code, stderr).toBe(0);
  } finally {
    capture.child.kill('SIGKILL');
    for (const undo of undone.reverse()) await undo();
  }
  const [first] = await summaryOf(file);
  expect(first?.kind).toBe('loss-between-points');
  expect(first?.what).toMatch(new RegExp(`\\b${client.name}\\b.*\\b${server.name}\\b`));
});

it.concurrent('capture --summary explains problems with DNS in three lines', async () => {
  const port = 9053;
  const undone: (() => Promise<unknown>)[] = [];
  await resolver(port, (undo) => undone.push(undo), '() => 0x8182');
  const capture = traced(['capture', client.name, '--summary', '--', 'port', String(port)], {
    onTestFinished: (done) => undone.push(async () => done()),
  });
  try {
    await capture.reports('capturing');
    await ask(port);
    capture.child.kill('SIGINT');
    const { code, stdout, stderr } = await capture.finished;
    expect(code, stderr).toBe(0);
    const lines = stdout.trim().split('\n').slice(-3);
    expect(lines[0]).toContain('SERVFAIL');
    expect(lines[1]).toContain(client.name);
    // The usual causes.
    expect(lines[2]?.split('; ').length).toBeGreaterThan(1);
  } finally {
    for (const undo of undone.reverse()) await undo();
  }
});
