// Runs a bundle on a few commands and keeps what V8 compiled on the way: the functions that every
// real command needs are then ready at its start. makeCodeCache.cjs BUNDLE CACHE, by the Node that will
// run the bundle, and with --random-seed, without which no two caches are the same.
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { setTimeout: wait } = require('node:timers/promises');
const v8 = require('node:v8');
const { bundleScript } = require('./bundleScript.cjs');
const { startToyServer } = require('./toyServer.cjs');

const COMMANDS = [
  ['capture', 'pod-1', '-w', '-'],
  ['capture', 'pod-1'],
  ['ports', 'pod-1'],
];

/** What a shell asks for at a Tab. */
const COMPLETION = ['__complete', 'capture', 'p'];

/** Each takes a fraction of a second; one that does not end has misunderstood the toy server. */
const LIMIT_MS = 30_000;

/** Runs the bundle's main function, which says by the exit code that it is done. */
async function runCommand(run, args) {
  process.argv = [process.execPath, 'netdebug', ...args];
  process.exitCode = undefined;
  run();
  const deadline = Date.now() + LIMIT_MS;
  while (process.exitCode === undefined) {
    if (Date.now() > deadline) throw new Error(`${args.join(' ')}: no end`);
    await wait(10);
  }
}

async function main(bundle, cache) {
  const { port, image } = await startToyServer();
  const kubeconfig = path.join(os.tmpdir(), `netdebug-build-${process.pid}`);
  fs.writeFileSync(
    kubeconfig,
    `clusters: [{name: c, cluster: {server: "http://127.0.0.1:${port}"}}]\n` +
      'users: [{name: u, user: {token: t}}]\n' +
      'contexts: [{name: x, context: {cluster: c, user: u}}]\ncurrent-context: x\n',
  );
  const said = [];
  process.stderr.write = (text) => said.push(text);
  process.env.KUBECONFIG = kubeconfig;
  const { exit } = process;
  const { script, run } = bundleScript({
    text: fs.readFileSync(bundle, 'latin1'),
    // A cache keeps the name: it must not be that of a folder of this machine.
    filename: '/netdebug.cjs',
    require,
  });
  try {
    for (const command of COMMANDS) {
      await runCommand(run, [...command, '--image', image, '--kubeconfig', kubeconfig]);
      if (process.exitCode !== 0) throw new Error(`${command.join(' ')}: ${said.join('')}`);
    }
    // It ends its process.
    const ended = new Promise((resolve) => {
      process.exit = resolve;
    });
    process.argv = [process.execPath, 'netdebug', ...COMPLETION];
    run();
    await ended;
  } finally {
    process.exit = exit;
    fs.rmSync(kubeconfig);
  }
  // The seed is one of the flags that a cache is bound to, and the program runs without one.
  v8.setFlagsFromString('--random-seed=0');
  fs.writeFileSync(cache, script.createCachedData());
}

main(process.argv[2], process.argv[3]).then(
  () => process.exit(0),
  (error) => {
    fs.writeSync(2, `makeCodeCache: ${error.stack}\n`);
    process.exit(1);
  },
);
