import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { failure, reportedIn, traced } from './support/failure.ts';
import { CHATTER, runPod } from './support/pods.ts';
import { eventually, run } from './support/process.ts';
import { leftWorking } from './support/processes.ts';
import { freshPath, kubectl, namespaced, netdebug, PROGRAM, world } from './support/world.ts';

describe.each(world.flavours)('capture with the $name image', ({ image }) => {
  let server: { name: string; ip: string };
  let client: { name: string; ip: string };
  beforeAll(async () => {
    server = await runPod('server');
    client = await runPod('client', {
      node: 1,
      command: CHATTER,
      env: { TO: server.ip },
    });
  });
  const capture = (...args: string[]) =>
    traced(['capture', server.name, '--image', image, ...args]);

  it('keeps every packet of a known exchange, byte for byte', async () => {
    const file = freshPath('exchange.pcap');
    const running = capture('-w', file, '--', 'udp', 'port', '7777');
    await running.reports('capturing');
    const count = 500;
    await kubectl([
      ...['exec', client.name, '--', 'bash', '-c'],
      'for ((i = 1; i <= $2; i++)); do printf "payload %06d 0123456789abcdef" "$i" > "/dev/udp/$1/7777"; done',
      ...['bash', server.ip, String(count)],
    ]);
    running.child.kill('SIGINT');
    const { code, stderr } = await running.finished;
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(new RegExp(`^${count} packets .*exchange\\.pcap\\b`, 'm'));
    // None was dropped, in particular.
    expect(running.reported().notices.filter((kind) => kind !== 'waiting')).toEqual(['capturing']);

    const fields = ['-e', 'ip.src', '-e', 'ip.dst', '-e', 'udp.payload'];
    const read = await run('tshark', ['-r', file, '-Y', 'udp', '-T', 'fields', ...fields]);
    const sent = Array.from({ length: count }, (_, index) => {
      const payload = `payload ${String(index + 1).padStart(6, '0')} 0123456789abcdef`;
      return [client.ip, server.ip, Buffer.from(payload).toString('hex')].join('\t');
    });
    expect(read.stdout.trim().split('\n')).toEqual(sent);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('prints packets as text, and stops after -c', async () => {
    const running = capture('-c', '5', '--', 'udp port 9');
    const { code, stdout, stderr } = await running.finished;
    expect(code, stderr).toBe(0);
    expect(stdout.trim().split('\n')).toHaveLength(5);
    expect(stdout).toMatch(/^\d\d:\d\d:\d\d\.\d+ IP /);
    expect(running.reported().notices).toContain('capturing');
    expect(stderr).toMatch(new RegExp(`\\beth0\\b.*\\b${server.name}\\b.*\n5 packets`));
  });

  it('writes to a pipe with -w -, and stops after --duration', async () => {
    const { code, stdout, stderr } = await capture('-w', '-', '--duration', '2s').finished;
    expect(code, stderr).toBe(0);
    const file = freshPath('stdout.pcap');
    writeFileSync(file, Buffer.from(stdout, 'latin1'));
    const read = await run('tcpdump', ['-r', file, '-n', 'udp port 9']);
    expect(read.code, read.stderr).toBe(0);
    expect(read.stdout.split('\n').length).toBeGreaterThan(10);
  });

  it('stops at a packet boundary before --max-size is exceeded', async () => {
    const file = freshPath('max.pcap');
    const { code, stderr } = await capture('-w', file, '--max-size', '1kB').finished;
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('--max-size');
    expect(statSync(file).size).toBeLessThanOrEqual(1000);
    expect(statSync(file).size).toBeGreaterThan(850);
    expect((await run('tcpdump', ['-r', file])).code).toBe(0);
  });

  it('keeps only the first -s bytes, on any interface', async () => {
    const file = freshPath('snap.pcap');
    const { code, stderr } = await capture('-w', file, '-s', '64', '-i', 'any', '-c', '3').finished;
    expect(code, stderr).toBe(0);
    const info = await run('capinfos', ['-l', '-E', '-T', '-r', file]);
    expect(info.stdout).toMatch(/\b64\b/);
    expect(info.stdout).toMatch(/linux-sll2/);
  });

  it('captures what presets, an expression and a peer select together, and prints the filter', async () => {
    const file = freshPath('presets.pcap');
    const flags = ['--preset', 'http,dns', '--preset', 'no-ssh', '--peer', client.ip];
    const running = capture('-w', file, ...flags, '--', 'not udp port 9');
    await running.reports('capturing');
    await kubectl([
      ...['exec', client.name, '--', 'bash', '-c'],
      'for text in "GET / HTTP/1.1" "not HTTP"; do exec 7<>"/dev/tcp/$1/80"; echo "$text" >&7; exec 7>&-; done; echo query > "/dev/udp/$1/53"; echo other > "/dev/udp/$1/54"',
      ...['bash', server.ip],
    ]);
    // Only the filter is tested here. Other tests cover packets in transit when a capture ends.
    const hasLast = async () =>
      (await run('tcpdump', ['-n', '-r', file, 'udp port 53'])).stdout !== '';
    expect(await eventually(hasLast)).toBe(true);
    running.child.kill('SIGINT');
    const { code, stderr } = await running.finished;
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/\bdns: port 53$/m);
    const [, filter = ''] = /^filter: (\(not udp port 9\) and .*)$/m.exec(stderr) ?? [];
    const again = await run('tcpdump', ['-r', file, '-n', filter]);
    const fields = ['-T', 'fields', '-e', 'udp.dstport', '-e', 'tcp.payload'];
    const read = await run('tshark', ['-n', '-r', file, ...fields]);
    // Not trimmed: the line of a datagram ends with a tab, even the last one.
    const packets = read.stdout.replace(/\n$/, '').split('\n');
    expect(again.stdout.trim().split('\n')).toHaveLength(packets.length);
    const requests = packets.filter((line) =>
      line.startsWith(`\t${Buffer.from('GET ').toString('hex')}`),
    );
    expect(requests).toHaveLength(1);
    expect(packets.filter((line) => line === '53\t')).toHaveLength(1);
    const responses = packets.filter((line) =>
      line.startsWith(`\t${Buffer.from('HTTP').toString('hex')}`),
    );
    expect(packets).toHaveLength(2 + responses.length);
  });

  it('reuses the debugger: one container for any number of commands', async () => {
    const names = await kubectl([
      ...['get', 'pod', server.name, '-o'],
      'jsonpath={.spec.ephemeralContainers[*].name}',
    ]);
    expect(names).toBe('netdebug-network');
    expect(await leftWorking(server.name)).toEqual([]);
  });

  it("rejects an invalid filter with libpcap's message, and leaves no file", async () => {
    const file = freshPath('bad.pcap');
    const args = ['capture', server.name, '--image', image, '-w', file, '--', 'prot 80'];
    const { code, stderr, kinds } = await failure(args);
    expect(code).toBe(2);
    expect(kinds).toEqual(['usage']);
    // The message of libpcap, without that of the program that uses it.
    expect(stderr).toContain('syntax error');
    expect(stderr).not.toMatch(/Capturing on|dumpcap|tcpdump: /);
    expect(() => statSync(file)).toThrow();
  });

  it('lists the existing interfaces when one is unknown', async () => {
    const args = ['capture', server.name, '--image', image, '-i', 'eth9'];
    const { code, stderr, kinds } = await failure(args);
    expect(code).toBe(2);
    expect(kinds).toEqual(['not-found']);
    expect(stderr).toContain('eth0');
  });

  it('never passes the filter to a shell', async () => {
    const args = ['capture', server.name, '--image', image, '-c', '1'];
    const { code, kinds } = await failure([...args, '--', 'port 9; touch /tmp/owned']);
    expect(code).toBe(2);
    expect(kinds).toEqual(['usage']);
    const result = await kubectl([
      'exec',
      server.name,
      '-c',
      'netdebug-network',
      '--',
      'ls',
      '/tmp',
    ]);
    expect(result).not.toContain('owned');
  });
});

describe('the output of a capture', () => {
  let pod: { name: string; ip: string };
  const image = world.flavours[0]?.image ?? '';
  beforeAll(async () => {
    const sink = await runPod('sink', { node: 1 });
    pod = await runPod('written', { command: CHATTER, env: { TO: sink.ip } });
  });
  const capture = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    netdebug(['capture', pod.name, '--image', image, ...args], { env });

  it('never overwrites a file without --force', async () => {
    const file = freshPath('existing.pcap');
    writeFileSync(file, 'precious', { mode: 0o644 });
    const written = ['capture', pod.name, '--image', image, '-w', file, '-c', '1'];
    const refused = await failure(written);
    expect(refused.code).toBe(1);
    expect(refused.kinds).toEqual(['exists']);
    expect(refused.stderr).toContain('--force');
    expect(readFileSync(file, 'utf8')).toBe('precious');

    const forced = await capture(['-w', file, '-c', '1', '--force']).finished;
    expect(forced.code, forced.stderr).toBe(0);
    expect((await run('tcpdump', ['-r', file])).code).toBe(0);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('reports an unwritable file before anything starts', async () => {
    const args = ['capture', pod.name, '--image', image, '-w', '/no/such/folder/x.pcap'];
    const missing = await failure(args);
    expect(missing.code).toBe(1);
    expect(missing.kinds).toEqual(['not-written']);
    expect(missing.stderr).toContain('/no/such/folder');
  });

  it('keeps only whole packets when the disk is full', async () => {
    const folder = freshPath('small');
    const script = `mkdir "$1" && mount -t tmpfs -o size=16k none "$1" && shift && "$@"; code=$?
      tcpdump -n -r "${folder}/full.pcap" | wc -l; exit "$code"`;
    const file = `${folder}/full.pcap`;
    const trace = freshPath('trace.json');
    const args = [folder, ...PROGRAM];
    // Uses its own mount namespace, so that the small disk is removed with the shell.
    const result = await run(
      'unshare',
      [
        '-m',
        'sh',
        '-c',
        script,
        'sh',
        ...args,
        'capture',
        pod.name,
        '--trace-timing',
        trace,
        '--image',
        image,
        '-i',
        'any',
        '-w',
        file,
      ],
      { env: { KUBECONFIG: namespaced(world.kubeconfig) } },
    );
    expect(result.code).toBe(1);
    expect(reportedIn(trace).kinds).toEqual(['disk-full']);
    expect(result.stderr).not.toContain('truncated');
    expect(Number(result.stdout)).toBeGreaterThan(50);
    expect(await leftWorking(pod.name)).toEqual([]);
  });

  it('passes the packets to Wireshark, and ends when it is closed', async () => {
    const folder = freshPath('bin');
    await run('mkdir', [folder]);
    const out = freshPath('wireshark.txt');
    // Replaces Wireshark's window: reads like Wireshark, and exits after three packets.
    writeFileSync(
      `${folder}/wireshark`,
      `#!/bin/sh\necho "$*" > ${out}.args\nexec tshark -i - -c 3 > ${out}\n`,
    );
    chmodSync(`${folder}/wireshark`, 0o755);
    const { code, stderr } = await capture(['--wireshark', '--', 'udp port 9'], {
      PATH: `${folder}${delimiter}${process.env.PATH}`,
    }).finished;
    expect(code, stderr).toBe(0);
    expect(readFileSync(`${out}.args`, 'utf8').trim()).toBe('-k -i -');
    expect(readFileSync(out, 'utf8').trim().split('\n')).toHaveLength(3);
  });
});
