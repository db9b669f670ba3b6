import { KUBECTL_FLAGS, type KubectlFlag } from './kubectlFlags.ts';

/** The flags that every command takes, laid out as `kubectl options` does. */
export function optionsText(): string {
  const flags = KUBECTL_FLAGS.map((flag) => `    ${usage(flag)}:\n\t${flag.describe}\n`);
  return `The following options can be passed to any command:\n\n${flags.join('\n')}`;
}

function usage({ name, alias, type }: KubectlFlag): string {
  const value = { string: "''", boolean: 'false', list: '[]' }[type];
  return `${alias === undefined ? '' : `-${alias}, `}--${name}=${value}`;
}
