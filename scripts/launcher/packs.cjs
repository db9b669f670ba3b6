const path = require('node:path');
const { pathToFileURL } = require('node:url');
const vm = require('node:vm');

/**
 * The program in its packs, as created by scripts/packaging/packs.ts. `read` returns the text of a pack and its code
 * cache. `folder` is the location that stack traces show.
 */
exports.openProgram = ({ read, folder, require }) => {
  const scripts = new Map();

  /** A pack as a script that can be cached. V8 accepts a cache only for exactly the same text. */
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
   * Runs the program's first module and the modules that it needs, as in a new process. Returns a function that names
   * the exports whose values have changed since then.
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
    /** The name of a module of the program contains its pack. All other modules belong to Node. */
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
