// The main script of the single-file binaries: runs the bundle, which is an asset of the binary, with
// its code cache, where one could be made for the platform.
const path = require('node:path');
const sea = require('node:sea');
const { debuglog } = require('node:util');
const { bundleScript } = require('./bundleScript.cjs');

/** The bytes of an asset, not copied: they are part of the program in memory. */
const asset = (name) => Buffer.from(sea.getRawAsset(name));

const withCache = sea.getAssetKeys().includes('netdebug.cache');
const { script, run } = bundleScript({
  // The bundle is ASCII, and one byte a character is what V8 reads fastest.
  text: asset('netdebug.cjs').latin1Slice(),
  filename: path.join(path.dirname(process.execPath), 'netdebug.cjs'),
  cachedData: withCache ? asset('netdebug.cache') : undefined,
  require,
});
// NODE_DEBUG=netdebug says whether V8 took the cache: nothing else but the speed would show it.
const state = withCache ? (script.cachedDataRejected ? 'refused' : 'taken') : 'absent';
debuglog('netdebug')('code cache: %s', state);
run();
