import { homedir } from 'node:os';
import { command } from '../command.ts';
import { note } from '../console.ts';
import { installExtcap, uninstallExtcap } from '../extcap/install.ts';

/** The connection flags that are written into Wireshark's program. Other settings come from the kubeconfig. */
const STORED_FLAGS = ['kubeconfig', 'context', 'namespace'] as const;

export const extcapCommand = command({
  description:
    'Install or remove a program (extcap) that shows running pods in the list of interfaces of Wireshark and tshark.\n\n' +
    'With --kubeconfig, --context or --namespace, Wireshark always uses these to list and capture pods; without them, it uses the current context.',
  examples: [
    ['extcap install', 'Show the pods of the current context'],
    ['extcap install -n shop', 'Show the pods of another namespace'],
    ['extcap uninstall', 'Remove the program'],
  ],
  arguments: [{ name: 'ACTION', required: true, choices: ['install', 'uninstall'] }],
  flags: [],
  run: async ({ flags, args: [action] }) => {
    const host = { platform: process.platform, env: process.env, home: homedir() };
    if (action === 'uninstall') {
      const removed = uninstallExtcap(host);
      for (const path of removed) note(`removed ${path}`);
      if (removed.length === 0) note('nothing is installed');
      return 0;
    }
    const storedFlags = new Map(
      STORED_FLAGS.flatMap((name) => {
        const value = flags[name];
        return value === undefined ? [] : [[name, value] as const];
      }),
    );
    for (const path of installExtcap(host, storedFlags)) note(`installed ${path}`);
    note('restart Wireshark, or press F5 on its start page, to see pods among the interfaces');
    return 0;
  },
});
