// The main script of the single-file binaries. It runs the program, whose packs are assets of the binary. Their code
// caches are included on platforms where they could be created.
const path = require('node:path');
const sea = require('node:sea');
const { debuglog } = require('node:util');
const { openProgram } = require('./packs.cjs');

/** The bytes of an asset. They are not copied: they are part of the program in memory. */
const asset = (name) => Buffer.from(sea.getRawAsset(name));

const withCache = sea.getAssetKeys().includes('quick.cache');
const { scriptOf, run } = openProgram({
  read: {
    // The program is ASCII, and V8 reads one-byte characters fastest.
    text: (pack) => asset(`${pack}.cjs`).latin1Slice(),
    cache: (pack) => (withCache ? asset(`${pack}.cache`) : undefined),
  },
  folder: path.dirname(process.execPath),
  require,
});
// With NODE_DEBUG=netdebug, prints whether V8 accepted the cache. Otherwise only the speed would show it.
const state = withCache ? (scriptOf('quick').cachedDataRejected ? 'refused' : 'taken') : 'absent';
debuglog('netdebug')('code cache: %s', state);
run();
