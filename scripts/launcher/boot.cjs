// Runs the bundle with its code cache. Node 24 at least: client-node and our own code need it.
if (Number.parseInt(process.versions.node, 10) < 24) {
  process.stderr.write(
    `error: kubectl netdebug needs Node 24 or later, this is ${process.version}\n  run npm ci in its folder: it brings its own\n`,
  );
  process.exit(1);
}
const fs = require('node:fs');
const path = require('node:path');
const { debuglog } = require('node:util');
const { bundleScript } = require('./bundleScript.cjs');

const filename = path.join(__dirname, 'netdebug.cjs');
let cachedData;
try {
  cachedData = fs.readFileSync(path.join(__dirname, 'netdebug.cache'));
} catch {
  // It only makes the start faster.
}
// The bundle is ASCII, and one byte a character is what V8 reads fastest.
const text = fs.readFileSync(filename, 'latin1');
const { script, run } = bundleScript({ text, filename, cachedData, require });
// Nothing else but the speed would show it.
debuglog('netdebug')('code cache: %s', script.cachedDataRejected ? 'refused' : 'taken');
run();
