// Runs the program on a few commands and keeps what V8 compiled for them, so that the functions that every real command
// needs are ready at its start. Usage: makeCodeCache.cjs FOLDER CACHES PACK... Run it with the Node that will run the
// program, and with --random-seed. Without that flag, no two caches are the same.
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { setTimeout: wait } = require('node:timers/promises');
const v8 = require('node:v8');
const { openProgram } = require('./packs.cjs');
const { startToyServer } = require('./toyServer.cjs');

const COMMANDS = [
  ['capture', 'pod-1', '-w', '-'],
  ['capture', 'pod-1'],
  ['ports', 'pod-1'],
];

/** The words that a shell sends for a Tab. */
const COMPLETION = ['__complete', 'capture', 'p'];

const HTTP = { scheme: 'http', cluster: {}, user: { token: 't' } };
const INVALID_PEM = Buffer.from('-----BEGIN CERTIFICATE-----\n').toString('base64');
/**
 * The connections for completion, so that the code for TLS and certificates is compiled as well. Those with TLS fail: the
 * server does not speak it, and the certificates are invalid. Completion then answers nothing.
 */
const CONNECTIONS = [
  {
    scheme: 'https',
    cluster: { 'certificate-authority-data': INVALID_PEM },
    user: { 'client-certificate-data': INVALID_PEM, 'client-key-data': INVALID_PEM },
  },
  { scheme: 'https', cluster: { 'insecure-skip-tls-verify': true }, user: { token: 't' } },
  // Comes last: until its end, all events of the others have been handled, in every build.
  HTTP,
];

/** Each command takes a fraction of a second. One that does not end has failed to understand the toy server. */
const LIMIT_MS = 30_000;

/** Runs the program, which sets the exit code when it is done. */
async function runCommand(run, args) {
  process.argv = [process.execPath, 'netdebug', ...args];
  process.exitCode = undefined;
  const changed = run();
  const deadline = Date.now() + LIMIT_MS;
  while (process.exitCode === undefined) {
    if (Date.now() > deadline) throw new Error(`${args.join(' ')}: no end`);
    await wait(10);
  }
  const [name] = changed();
  if (name !== undefined) throw new Error(`packs.cjs copied too early what is exported by ${name}`);
}

/** A kubeconfig as kubectl writes it. */
function kubeconfigText({ scheme, cluster, user }, port) {
  const lines = (fields) => Object.entries(fields).map(([name, value]) => `    ${name}: ${value}`);
  return [
    'apiVersion: v1',
    'clusters:',
    '- cluster:',
    ...lines({ ...cluster, server: `${scheme}://127.0.0.1:${port}` }),
    '  name: c',
    'contexts:',
    '- context:',
    ...lines({ cluster: 'c', namespace: 'default', user: 'u' }),
    '  name: x',
    'current-context: x',
    'kind: Config',
    'preferences: {}',
    'users:',
    '- name: u',
    '  user:',
    ...lines(user),
    '',
  ].join('\n');
}

async function main(folder, caches, packs) {
  const { port, image } = await startToyServer();
  const kubeconfig = path.join(os.tmpdir(), `netdebug-build-${process.pid}`);
  fs.writeFileSync(kubeconfig, kubeconfigText(HTTP, port));
  const said = [];
  process.stderr.write = (text) => said.push(text);
  process.env.KUBECONFIG = kubeconfig;
  const { exit } = process;
  const { scriptOf, run } = openProgram({
    read: {
      text: (pack) => fs.readFileSync(path.join(folder, `${pack}.cjs`), 'latin1'),
      cache: () => undefined,
    },
    // A cache contains this name. It must not be a folder of the build machine.
    folder: '/',
    require,
  });
  try {
    for (const command of COMMANDS) {
      await runCommand(run, [...command, '--image', image, '--kubeconfig', kubeconfig]);
      if (process.exitCode !== 0) throw new Error(`${command.join(' ')}: ${said.join('')}`);
    }
    for (const connection of CONNECTIONS) {
      fs.writeFileSync(kubeconfig, kubeconfigText(connection, port));
      // The command ends its process.
      const ended = new Promise((resolve) => {
        process.exit = resolve;
      });
      process.argv = [process.execPath, 'netdebug', ...COMPLETION];
      run();
      await ended;
    }
  } finally {
    process.exit = exit;
    fs.rmSync(kubeconfig);
  }
  // A cache is tied to flags such as the seed, and the program runs without a seed.
  v8.setFlagsFromString('--random-seed=0');
  for (const pack of packs)
    fs.writeFileSync(path.join(caches, `${pack}.cache`), scriptOf(pack).createCachedData());
}

main(process.argv[2], process.argv[3], process.argv.slice(4)).then(
  () => process.exit(0),
  (error) => {
    fs.writeSync(2, `makeCodeCache: ${error.stack}\n`);
    process.exit(1);
  },
);
