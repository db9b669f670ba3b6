// Runs the program on a few commands and keeps what V8 compiled on the way: the functions that every
// real command needs are then ready at its start. makeCodeCache.cjs FOLDER CACHES PACK..., by the Node that will
// run the program, and with --random-seed, without which no two caches are the same.
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

/** What a shell asks for at a Tab. */
const COMPLETION = ['__complete', 'capture', 'p'];

/** Each takes a fraction of a second; one that does not end has misunderstood the toy server. */
const LIMIT_MS = 30_000;

/** Runs the program, which says by the exit code that it is done. */
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

async function main(folder, caches, packs) {
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
  const { scriptOf, run } = openProgram({
    read: {
      text: (pack) => fs.readFileSync(path.join(folder, `${pack}.cjs`), 'latin1'),
      cache: () => undefined,
    },
    // A cache keeps the name: it must not be that of a folder of this machine.
    folder: '/',
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
