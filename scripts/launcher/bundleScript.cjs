const fs = require('node:fs');
const path = require('node:path');
const vm = require('node:vm');

/** The bundle as a script that can be cached: V8 takes a cache only for the very same text. */
exports.bundleScript = (bundle, cachedData) => {
  const source = `(function(exports,require,module,__filename,__dirname){${fs.readFileSync(bundle, 'utf8')}\n})`;
  const script = new vm.Script(source, {
    filename: bundle,
    cachedData,
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  return {
    script,
    run() {
      const module = { exports: {} };
      script.runInThisContext()(module.exports, require, module, bundle, path.dirname(bundle));
    },
  };
};
