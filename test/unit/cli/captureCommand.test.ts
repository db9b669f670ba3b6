import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { runCommandLine } from '../../../src/cli/commandLine.ts';
import { StandardOutput } from '../../../src/output/standardOutput.ts';
import { fakeServer, json, type ReceivedRequest, status } from '../kube/fakeServer.ts';

/** Runs a command against a server that knows no pod; returns its requests and its output. */
async function run(...args: string[]) {
  return runWith(
    (_, response) => json(response, 404, status(404, 'NotFound', 'pods "web" not found')),
    ...args,
  );
}

async function runWith(
  rest: (request: ReceivedRequest, response: ServerResponse) => void,
  ...args: string[]
) {
  const folder = mkdtempSync(join(tmpdir(), 'netdebug-cli-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const { access, requests } = await fakeServer({ rest });
  writeFileSync(
    join(folder, 'kubeconfig'),
    `{current-context: c, clusters: [{name: c, cluster: {server: "${access.server}"}}], contexts: [{name: c, context: {cluster: c}}]}`,
  );
  const ended = join(folder, 'ended');
  const wireshark = `#!/bin/sh\ncat >/dev/null\ntouch ${ended}\n`;
  writeFileSync(join(folder, 'wireshark'), wireshark, { mode: 0o755 });
  vi.stubEnv('PATH', folder + delimiter + process.env.PATH);
  let output = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    output += String(chunk);
    return true;
  });
  const code = await runCommandLine([...args, '--kubeconfig', join(folder, 'kubeconfig')]);
  return { code, output, requests, ended };
}

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

describe('capture', () => {
  it('that fails before it begins ends, and does not leave Wireshark waiting', async () => {
    const { code, output, ended } = await run('capture', 'web', '--wireshark');
    expect(code).toBe(1);
    expect(output).toMatch(/^Error from server \(NotFound\): pods "web" not found\n/);
    await vi.waitFor(() => expect(existsSync(ended)).toBe(true), { interval: 5 });
  });

  it('uses the last value of a flag given twice, as kubectl does', async () => {
    const { requests } = await run('capture', 'web', '-n', 'one', '-n', 'two');
    expect(requests[0]?.path).toBe('/api/v1/namespaces/two/pods/web');
  });

  it('accepts every target, in order', async () => {
    const { code, output } = await run('capture', 'web', 'db', '-l', 'app=x');
    expect(code).toBe(2);
    expect(output).toMatch(/^error: name cannot be provided when a selector is specified/);
    const { requests } = await run('capture', 'web', '-n', 'one', 'db');
    expect(requests.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['/api/v1/namespaces/one/pods/web', '/api/v1/namespaces/one/pods/db']),
    );
  });

  it('prints the Role for the namespace of the target, not for the current one', async () => {
    const message =
      'services "db" is forbidden: User "ann" cannot get resource "services" in API group "" in the namespace "data"';
    const { code, output, requests } = await runWith(
      (_, response) => json(response, 403, status(403, 'Forbidden', message)),
      ...['capture', 'data/svc/db', '-n', 'shop'],
    );
    expect(requests[0]?.path).toBe('/api/v1/namespaces/data/services/db');
    expect(output).toMatch(/^ +kind: Role\n.*^ +namespace: data$/ms);
    expect(code).toBe(1);
  });

  it.each([
    ['doctor', 'data/web'],
    ['shell', 'data/pod/web'],
    ['ports', 'data/web'],
    ['capture', 'data/web'],
  ])('and %s take the namespace from %s', async (...words) => {
    vi.spyOn(StandardOutput.prototype, 'write').mockResolvedValue();
    const { requests } = await runWith(
      ({ path }, response) =>
        path === '/version'
          ? json(response, 200, { major: '1', minor: '34', gitVersion: 'v1.34.0' })
          : json(response, 404, status(404, 'NotFound', 'pods "web" not found')),
      ...words,
      ...['-n', 'shop'],
    );
    expect(requests.map(({ path }) => path)).toContain('/api/v1/namespaces/data/pods/web');
    const reviews = requests.filter(({ path }) => path.endsWith('/selfsubjectaccessreviews'));
    expect(reviews.filter(({ body }) => body.includes('"namespace":"shop"'))).toEqual([]);
  });

  it('of a node with a peer stays a capture of a node', async () => {
    const { code, output } = await runWith(
      ({ path, method }, response) => {
        if (path.endsWith('/pods/db'))
          json(response, 200, { metadata: { name: 'db' }, status: { podIP: '10.1.2.3' } });
        else if (method === 'POST') json(response, 403, status(403, 'Forbidden', 'no pods here'));
        else json(response, 200, { metadata: {} });
      },
      ...['capture', 'node/n1', '--peer', 'pod/db'],
    );
    expect(output).toMatch(/no pods here/);
    expect(code).toBe(1);
  });

  it.each([
    [['--follow-pods'], /^error: --follow-pods\b.*\bnode\b/],
    [['--with-clients', '-w', 'x.pcapng'], /^error: --with-clients\b.*\bnode\b/],
  ])('of a node rejects flags for pods: %j', async (flags, message) => {
    const { code, output } = await run('capture', 'node/n1', ...flags);
    expect(output).toMatch(message);
    expect(code).toBe(2);
  });

  it.each([
    [['-w', 'x', '--wireshark'], /^error: .*-w\b.*--wireshark\b/],
    [['-c', 'many'], /^error: invalid argument "many" for "-c, --count" flag: /],
    [['-C', 'abc'], /^error: invalid argument "abc" for "-C, --file-size" flag: /],
    [['--detach', '--keep', 'abc'], /^error: invalid argument "abc" for "--keep" flag: /],
    [
      ['--duration', '30d'],
      /^error: invalid argument "30d" for "--duration" flag: must be at most/,
    ],
    [['--linger', 'soon'], /^error: invalid argument "soon" for "--linger" flag: /],
    [['--max-size', '0'], /^error: invalid argument "0" for "--max-size" flag: /],
    [['--preset', 'dns,none'], /^error: invalid argument "dns,none" for "--preset" flag: /],
    [['--via', 'none'], /^error: invalid argument "none" for "--via" flag: must be one of: auto/],
    [['--no-such'], /^error: unknown flag: --no-such/],
    [['--peer', '10.1.2.3/33'], /^error: invalid argument "10.1.2.3\/33" for "--peer" flag: /],
    [
      ['--peer', '10.1.2.3', '--peer', 'cm/x'],
      /^error: invalid argument "cm\/x" for "--peer" flag: /,
    ],
    [['port', '80'], /^error: unexpected argument: port 80/],
  ])('%j is a usage error, found before any request', async (flags, message) => {
    const { code, output, requests } = await run('capture', 'web', ...flags);
    expect(code).toBe(2);
    expect(output).toMatch(message);
    expect(requests).toEqual([]);
  });
});
