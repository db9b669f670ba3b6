// Puts the program into a Node binary with pkg, which searches for Node binaries in $HOME/.pkg-cache. $TMPDIR must be
// the folder of main. The only argument is JSON: main, assets, execArgv, output, and pkg's name of the target.
const { basename } = require('node:path');
const { default: sea } = require('@yao-pkg/pkg/lib-es5/sea.js');

const { main, assets, execArgv, output, target } = JSON.parse(process.argv[2]);
sea(main, {
  targets: [{ ...target, output }],
  // pkg would call Apple's codesign, which exists only on Macs.
  signature: false,
  // The binary keeps the path of its main script as it is written here. pkg works in a folder within $TMPDIR, so this
  // relative path is the same in every build. NODE_OPTIONS of the user are ignored: they could load other code, or make
  // V8 reject the code cache.
  seaConfig: { main: `../${basename(main)}`, assets, execArgv, execArgvExtension: 'none' },
}).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
