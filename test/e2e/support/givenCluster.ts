import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { dump, load } from 'js-yaml';
import { TEST_USERS } from '../../cluster/apiserver/testUsers.ts';
import { userObjects } from '../../kubernetes/users.ts';
import type { Cluster } from '../setup.ts';
import { run } from './process.ts';
import type { Flavour } from './world.ts';

/** Files that a kubeconfig may name, relative to itself. */
const FILES = ['certificate-authority', 'client-certificate', 'client-key', 'tokenFile'];

interface UserFields {
  exec?: { command: string };
  [field: string]: unknown;
}

interface Kubeconfig {
  readonly clusters: readonly { readonly cluster: Record<string, unknown> }[];
  readonly users: readonly { readonly user: UserFields }[];
  readonly [field: string]: unknown;
}

/**
 * A given cluster to which the suite has administrator access. E2E_IMAGE lists debugger images, separated by commas,
 * that its nodes have or can pull. E2E_APP_IMAGE is an nginx image. The test users are impersonated.
 */
export async function givenCluster(plan: {
  readonly kubeconfig: string;
  readonly kubectl: string;
  readonly folder: string;
  readonly label: Readonly<Record<string, string>>;
}): Promise<Cluster> {
  const { E2E_IMAGE, E2E_APP_IMAGE } = process.env;
  if (!E2E_IMAGE || !E2E_APP_IMAGE)
    throw new Error(
      'E2E_KUBECONFIG needs E2E_IMAGE (debugger images) and E2E_APP_IMAGE (nginx) on its nodes',
    );
  const { kubectl, folder, label } = plan;
  const kubeconfig = copyOf(plan.kubeconfig, join(folder, 'admin.kubeconfig'));
  const prefix = `${Object.values(label)[0]}:`;
  const roles = { apiVersion: 'v1', kind: 'List', items: userObjects(prefix, { ...label }) };
  const { code, stderr } = await run(kubectl, ['create', '-f', '-'], {
    stdin: JSON.stringify(roles),
    env: { KUBECONFIG: kubeconfig },
  });
  if (code !== 0) throw new Error(`the test users could not be made: ${stderr}`);
  const policies = await run(kubectl, ['get', 'validatingadmissionpolicies'], {
    env: { KUBECONFIG: kubeconfig },
  });
  return {
    world: {
      kind: 'given',
      kubeconfig,
      users: Object.fromEntries(
        TEST_USERS.map(({ user }) => [user, impersonating(kubeconfig, user, folder)]),
      ),
      flavours: E2E_IMAGE.split(',').map(flavourOf),
      appImage: E2E_APP_IMAGE,
      canDeny: policies.code === 0,
    },
    close: async () => {},
  };
}

/** Its name is the last part of the image's name. */
function flavourOf(image: string): Flavour {
  const [name = ''] = (image.split('/').at(-1) ?? '').toLowerCase().split(/[:@]/);
  return { name: name.replaceAll(/[^a-z0-9]+/g, '-'), image };
}

/** Writes a changed copy of a kubeconfig that works in another folder. Returns its path. */
function copyOf(
  kubeconfig: string,
  path: string,
  change: (user: UserFields) => void = () => {},
): string {
  const config = load(readFileSync(kubeconfig, 'utf8')) as Kubeconfig;
  const from = dirname(resolve(kubeconfig));
  for (const { cluster } of config.clusters) makeAbsolute(cluster, from);
  for (const { user } of config.users) {
    makeAbsolute(user, from);
    // A name without a slash is searched in PATH.
    if (user.exec?.command.includes('/')) user.exec.command = resolve(from, user.exec.command);
    change(user);
  }
  writeFileSync(path, dump(config), { mode: 0o600 });
  return path;
}

/** Writes a kubeconfig with which the administrator impersonates another user. Returns its path in `folder`. */
function impersonating(kubeconfig: string, as: string, folder: string): string {
  return copyOf(kubeconfig, join(folder, `${as}.kubeconfig`), (user) => {
    user.as = as;
  });
}

function makeAbsolute(entry: Record<string, unknown>, from: string): void {
  for (const name of FILES) {
    const path = entry[name];
    if (typeof path === 'string') entry[name] = resolve(from, path);
  }
}
