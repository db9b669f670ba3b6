import type { Argv } from 'yargs';
import { KubeApi } from '../kube/api.ts';
import { authenticate } from '../kube/authentication.ts';
import { type ConnectionFlags, chooseContext } from '../kube/kubeconfig.ts';
import { terminalSafe } from '../output/terminalSafe.ts';
import { KUBECTL_FLAGS } from './kubectlFlags.ts';
import { splitRepeated } from './repeatedFlags.ts';
import { parseTimeout } from './values.ts';

const GROUP = 'Connection (as in kubectl; all: kubectl netdebug options):';

/** What the parser makes of kubectl's flags. */
export type ConnectionArguments = {
  readonly [name in keyof ConnectionFlags]-?: ConnectionFlags[name] | undefined;
} & { readonly 'request-timeout': string | undefined };

/** kubectl's flags that choose the server, the user and the namespace. */
export function connectionOptions<T>(parser: Argv<T>): Argv<T & ConnectionArguments> {
  for (const { name, alias, type, describe, common } of KUBECTL_FLAGS)
    parser.option(name, {
      type: type === 'boolean' ? 'boolean' : 'string',
      requiresArg: type !== 'boolean',
      group: GROUP,
      describe,
      ...(alias !== undefined && { alias }),
      ...(!common && { hidden: true }),
    });
  return parser as unknown as Argv<T & ConnectionArguments>;
}

/**
 * Connects to the cluster that the flags choose; nothing is sent yet. Warnings about what is not
 * there go to standard error, since the request may well fail for it.
 */
export async function connect(flags: ConnectionArguments): Promise<KubeApi> {
  const { 'request-timeout': timeout } = flags;
  const requestTimeout = timeout === undefined ? undefined : parseTimeout(timeout);
  const chosen = chooseContext(connectionFlagsOf(flags));
  for (const warning of chosen.warnings)
    process.stderr.write(`warning: ${terminalSafe(warning)}\n`);
  return new KubeApi(await authenticate(chosen, requestTimeout));
}

function connectionFlagsOf(flags: ConnectionArguments): ConnectionFlags {
  const given = KUBECTL_FLAGS.flatMap(({ name, type }) => {
    const value = name === 'request-timeout' ? undefined : flags[name];
    if (value === undefined) return [];
    return [[name, type === 'list' ? splitRepeated(String(value)) : value]];
  });
  return Object.fromEntries(given) as ConnectionFlags;
}
