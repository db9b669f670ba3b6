import type { Argv } from 'yargs';
import { KubeApi } from '../kube/api.ts';
import { authenticate } from '../kube/authentication.ts';
import { type ConnectionFlags, chooseContext } from '../kube/kubeconfig.ts';

const GROUP = 'Connection (as in kubectl):';

/** kubectl's flags that choose the cluster, the user and the namespace. */
export function connectionOptions<T>(parser: Argv<T>) {
  return parser
    .option('namespace', {
      alias: 'n',
      type: 'string',
      requiresArg: true,
      group: GROUP,
      describe: "The target's namespace",
    })
    .option('context', {
      type: 'string',
      requiresArg: true,
      group: GROUP,
      describe: 'The kubeconfig context to use',
    })
    .option('kubeconfig', {
      type: 'string',
      requiresArg: true,
      group: GROUP,
      describe: 'The kubeconfig file to use',
    })
    .option('cluster', {
      type: 'string',
      requiresArg: true,
      group: GROUP,
      describe: 'The kubeconfig cluster to use',
    })
    .option('user', {
      type: 'string',
      requiresArg: true,
      group: GROUP,
      describe: 'The kubeconfig user to use',
    });
}

/** What the parser makes of those flags. */
export type ConnectionArguments = {
  readonly [name in keyof ConnectionFlags]-?: string | undefined;
};

/** Connects to the cluster that the flags choose; nothing is sent yet. */
export async function connect(flags: ConnectionArguments): Promise<KubeApi> {
  const { kubeconfig, context, cluster, user, namespace } = flags;
  return new KubeApi(
    await authenticate(
      chooseContext({
        ...(kubeconfig !== undefined && { kubeconfig }),
        ...(context !== undefined && { context }),
        ...(cluster !== undefined && { cluster }),
        ...(user !== undefined && { user }),
        ...(namespace !== undefined && { namespace }),
      }),
    ),
  );
}
