import type { Argv } from 'yargs';
import { DEFAULT_TTL, type DebuggerSettings, debuggerSettings } from './settings.ts';

const GROUP = 'Debugger:';

/** Flags that say how the debugger is made when the pod has none yet. */
export function debuggerOptions<T>(parser: Argv<T>) {
  return parser
    .option('image', {
      type: 'string',
      requiresArg: true,
      group: GROUP,
      describe: "The debugger's image (or NETDEBUG_IMAGE)  [netshoot, pinned]",
    })
    .option('image-pull-policy', {
      type: 'string',
      requiresArg: true,
      group: GROUP,
      describe: 'Always, IfNotPresent or Never  [IfNotPresent]',
    })
    .option('ttl', {
      type: 'string',
      requiresArg: true,
      group: GROUP,
      describe: `Idle time after which the debugger ends by itself  [${DEFAULT_TTL}]`,
    })
    .option('via', {
      type: 'string',
      requiresArg: true,
      group: GROUP,
      describe: 'ephemeral: a container in the pod; node: a pod on its node  [auto: what works]',
    })
    .option('node-namespace', {
      type: 'string',
      requiresArg: true,
      group: GROUP,
      describe: "Where pods on nodes are made  [the target's namespace]",
    });
}

/** What the parser makes of those flags. */
export interface DebuggerArguments {
  readonly image: string | undefined;
  readonly 'image-pull-policy': string | undefined;
  readonly ttl: string | undefined;
  readonly via: string | undefined;
  readonly 'node-namespace': string | undefined;
}

/** The settings those flags give, with variables, settings file and defaults behind them. */
export function settingsOf({
  image,
  'image-pull-policy': imagePullPolicy,
  ttl,
  via,
  'node-namespace': nodeNamespace,
}: DebuggerArguments): DebuggerSettings {
  return debuggerSettings({
    ...(image !== undefined && { image }),
    ...(imagePullPolicy !== undefined && { imagePullPolicy }),
    ...(ttl !== undefined && { ttl }),
    ...(via !== undefined && { via }),
    ...(nodeNamespace !== undefined && { nodeNamespace }),
  });
}
