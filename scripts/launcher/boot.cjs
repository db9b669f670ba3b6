// Runs the program with its code caches. client-node and the program's own code need Node 24 or later.
if (Number.parseInt(process.versions.node, 10) < 24) {
  process.stderr.write(
    `error: kubectl netdebug needs Node 24 or later, this is ${process.version}\n  run npm ci in its folder: it brings its own\n`,
  );
  process.exit(1);
}
const fs = require('node:fs');
const path = require('node:path');
const { debuglog } = require('node:util');
const { openProgram } = require('./packs.cjs');

/** A file beside this one. */
const beside = (name) => path.join(__dirname, name);

const { scriptOf, run } = openProgram({
  read: {
    // The program is ASCII, and V8 reads one-byte characters fastest.
    text: (pack) => fs.readFileSync(beside(`${pack}.cjs`), 'latin1'),
    cache: (pack) => {
      try {
        return fs.readFileSync(beside(`${pack}.cache`));
      } catch {
        // The cache only speeds up the start.
        return undefined;
      }
    },
  },
  folder: __dirname,
  require,
});
// Otherwise only the speed would show it.
debuglog('netdebug')('code cache: %s', scriptOf('quick').cachedDataRejected ? 'refused' : 'taken');
run();
