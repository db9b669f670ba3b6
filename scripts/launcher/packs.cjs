const path = require('node:path');
const { pathToFileURL } = require('node:url');
const vm = require('node:vm');

/**
 * The program, which scripts/packaging/packs.ts has put into packs. `read` gives the text of a pack and its code cache,
 * `folder` is where its errors say that it is.
 */
exports.openProgram = ({ read, folder, require }) => {
  const scripts = new Map();

  /** A pack as a script that can be cached: V8 takes a cache only for the very same text. */
  const scriptOf = (pack) => {
    let script = scripts.get(pack);
    if (!script) {
      script = new vm.Script(read.text(pack), {
        filename: path.join(folder, `${pack}.cjs`),
        cachedData: read.cache(pack),
        importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
      });
      scripts.set(pack, script);
    }
    return script;
  };

  /**
   * Runs the program's first module, with the modules that it needs, as a new process would. Gives a function that
   * names the exports whose values have changed since.
   */
  const run = () => {
    const packs = new Map();
    const modules = new Map();
    const getters = new Map();
    const url = pathToFileURL(path.join(folder, 'netdebug')).href;

    const packOf = (name) => {
      let pack = packs.get(name);
      if (!pack) {
        pack = scriptOf(name).runInThisContext();
        packs.set(name, pack);
      }
      return pack;
    };
    /** A module of the program has its pack in its name; all others are Node's. */
    const need = (name) => {
      const slash = name.startsWith('./') ? name.indexOf('/', 2) : -1;
      if (slash < 0) return require(name);
      let exported = modules.get(name);
      if (!exported) {
        const module = { exports: {} };
        packOf(name.slice(2, slash))[name](module, need, url);
        // What a module exports must not change later: reading a plain value is faster than calling a getter.
        exported = { ...module.exports };
        Object.defineProperty(exported, '__esModule', { value: true });
        modules.set(name, exported);
        getters.set(name, module.exports);
      }
      return exported;
    };
    need('./quick/main');
    return () =>
      [...modules].flatMap(([name, exported]) =>
        Object.keys(exported)
          .filter((key) => exported[key] !== getters.get(name)[key])
          .map((key) => `${name}: ${key}`),
      );
  };

  return { scriptOf, run };
};
