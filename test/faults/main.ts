import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { startFaultProxy } from './proxy.ts';

const USAGE = `Usage: npm run faults -- --kubeconfig FILE [--rules FILE] [--json]

Starts a proxy in front of the API server of a kubeconfig, and prints the path of a kubeconfig that leads
through it. Requests and streams in a namespace then fail as its annotations netdebug.test/... say, or the
entries of the rules file: {"NAMESPACE or *": {"disconnect-after": "100000 rst"}}. test/faults/switches.ts lists them.
The kubeconfig's user must have a token or a client certificate, and may get, watch and patch namespaces.`;

const { values } = parseArgs({
  options: {
    kubeconfig: { type: 'string' },
    rules: { type: 'string' },
    json: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  },
});
const kubeconfig = values.kubeconfig ?? process.env.KUBECONFIG;
if (values.help || kubeconfig === undefined) {
  (values.help ? console.log : console.error)(USAGE);
  process.exit(values.help ? 0 : 2);
}
const proxy = await startFaultProxy({
  admin: kubeconfig,
  ...(values.rules !== undefined && { rules: values.rules }),
});
const kubeconfigs = {
  plain: await proxy.kubeconfig(kubeconfig),
  'without-v5': await proxy.kubeconfig(kubeconfig, 'without-v5'),
  unsteady: await proxy.kubeconfig(kubeconfig, 'unsteady'),
};
console.log(
  values.json
    ? JSON.stringify(kubeconfigs)
    : `export KUBECONFIG=${kubeconfigs.plain}
# without exec protocol v5: ${kubeconfigs['without-v5']}
# dropped by the annotation netdebug.test/restart of any namespace: ${kubeconfigs.unsteady}
# Ctrl-C ends the proxy.`,
);
const ends = [once(process, 'SIGINT'), once(process, 'SIGTERM')];
// For programs: ends with its standard input.
if (values.json) ends.push(once(process.stdin.resume(), 'end'));
await Promise.race(ends);
await proxy.close();
process.exit();
