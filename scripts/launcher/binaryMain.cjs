// The main script of the single-file binaries: runs the program, whose packs are assets of the binary, with
// their code caches, where they could be made for the platform.
const path = require('node:path');
const sea = require('node:sea');
const { debuglog } = require('node:util');
const { openProgram } = require('./packs.cjs');

/** The bytes of an asset, not copied: they are part of the program in memory. */
const asset = (name) => Buffer.from(sea.getRawAsset(name));

const withCache = sea.getAssetKeys().includes('quick.cache');
const { scriptOf, run } = openProgram({
  read: {
    // The program is ASCII, and one byte a character is what V8 reads fastest.
    text: (pack) => asset(`${pack}.cjs`).latin1Slice(),
    cache: (pack) => (withCache ? asset(`${pack}.cache`) : undefined),
  },
  folder: path.dirname(process.execPath),
  require,
});
// NODE_DEBUG=netdebug says whether V8 took the cache: nothing else but the speed would show it.
const state = withCache ? (scriptOf('quick').cachedDataRejected ? 'refused' : 'taken') : 'absent';
debuglog('netdebug')('code cache: %s', state);
run();
