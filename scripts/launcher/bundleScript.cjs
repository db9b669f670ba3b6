const path = require('node:path');
const vm = require('node:vm');

/** The bundle as a script that can be cached: V8 takes a cache only for the very same text. */
exports.bundleScript = ({ text, filename, cachedData, require }) => {
  const script = new vm.Script(
    `(function(exports,require,module,__filename,__dirname){${text}\n})`,
    {
      filename,
      cachedData,
      importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    },
  );
  return {
    script,
    run() {
      const module = { exports: {} };
      script.runInThisContext()(module.exports, require, module, filename, path.dirname(filename));
    },
  };
};
