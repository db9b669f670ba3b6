import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lastLines, PROGRAM, runProgram, upstreamKubectl } from './clients.ts';
import { kubeconfigOf, startWorld, type World } from './world.ts';

const KUBECTL = upstreamKubectl();

/** Creates a pod's files in a separate mount namespace, and runs a command there. */
const IN_POD = `set -eu
mount -t tmpfs none /run
folder=/run/secrets/kubernetes.io/serviceaccount
mkdir -p $folder
printf of-the-pod >$folder/token
printf ns-pod >$folder/namespace
cp "$1" $folder/ca.crt
shift
exec "$@"`;

function canMount(): boolean {
  try {
    execFileSync('unshare', ['-m', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

/** Runs both clients in a pod; returns the requests that arrived and the output of each. */
async function bothInPod(args: readonly string[], env: Readonly<Record<string, string>>) {
  const { server, folder, certificates } = world;
  const pod = {
    PATH: '/usr/bin:/bin',
    HOME: join(folder, 'home'),
    KUBECONFIG: '/no/such',
    KUBERNETES_SERVICE_HOST: '127.0.0.1',
    KUBERNETES_SERVICE_PORT: String(server.port),
    ...env,
  };
  const observed = async (command: readonly string[]) => {
    server.arrived.length = 0;
    const inPod = ['-m', 'sh', '-c', IN_POD, 'pod', certificates.authority.file, ...command];
    const result = await runProgram('unshare', {
      args: [...inPod, ...args],
      env: pod,
      cwd: folder,
    });
    return { arrived: server.arrived.at(-1), message: lastLines(result) };
  };
  const cache = ['--cache-dir', join(folder, 'cache')];
  return {
    kubectl: await observed([KUBECTL, 'get', 'pods', 'pod-1', ...cache]),
    us: await observed([...PROGRAM, 'ports', 'pod-1']),
  };
}

/** A kubeconfig for the same server, its context with or without a namespace. */
function kubeconfig(namespace?: string): string {
  const file = join(world.folder, `config-${namespace}`);
  const context = namespace === undefined ? {} : { namespace };
  writeFileSync(file, kubeconfigOf(world, { token: 'of-the-file' }, context));
  return file;
}

describe.skipIf(!KUBECTL || !canMount())('in a pod (needs root, to mount its files)', () => {
  it.each<[string, string[], () => Record<string, string>]>([
    ['without a kubeconfig: the service account', [], () => ({})],
    ['-n overrides the pod’s namespace', ['-n', 'ns-flag'], () => ({})],
    ['POD_NAMESPACE overrides the file', [], () => ({ POD_NAMESPACE: 'ns-env' })],
    ['without a port: not recognised as a pod', [], () => ({ KUBERNETES_SERVICE_PORT: '' })],
    [
      'a kubeconfig without a namespace: the pod’s namespace',
      [],
      () => ({ KUBECONFIG: kubeconfig() }),
    ],
    ['a kubeconfig with a namespace', [], () => ({ KUBECONFIG: kubeconfig('ns-config') })],
    ['a kubeconfig with the namespace default', [], () => ({ KUBECONFIG: kubeconfig('default') })],
  ])('%s', async (_, args, env) => {
    const { kubectl, us } = await bothInPod(args, env());
    expect(us).toEqual(kubectl);
  });

  it('as another user, where kubectl ignores that it is in a pod', async () => {
    const { kubectl, us } = await bothInPod(['--as', 'joe'], {});
    expect(kubectl.message).toMatch(/^The connection to the server localhost:8080 was refused/);
    expect(us.arrived).toMatchObject({
      authorization: 'Bearer of-the-pod',
      impersonation: { 'impersonate-user': 'joe' },
    });
  });
});
