// Runs the program with its code caches. Node 24 at least: client-node and our own code need it.
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
    // The program is ASCII, and one byte a character is what V8 reads fastest.
    text: (pack) => fs.readFileSync(beside(`${pack}.cjs`), 'latin1'),
    cache: (pack) => {
      try {
        return fs.readFileSync(beside(`${pack}.cache`));
      } catch {
        // It only makes the start faster.
        return undefined;
      }
    },
  },
  folder: __dirname,
  require,
});
// Nothing else but the speed would show it.
debuglog('netdebug')('code cache: %s', scriptOf('quick').cachedDataRejected ? 'refused' : 'taken');
run();
