// Puts the program into a Node binary with pkg, which looks for Node binaries under $HOME/.pkg-cache.
// $TMPDIR is the folder of main.
// The one argument is JSON: main, assets, execArgv, output, and the target as pkg names it.
const { basename } = require('node:path');
const { default: sea } = require('@yao-pkg/pkg/lib-es5/sea.js');

const { main, assets, execArgv, output, target } = JSON.parse(process.argv[2]);
sea(main, {
  targets: [{ ...target, output }],
  // pkg would call Apple's codesign, which is on Macs only.
  signature: false,
  // The binary keeps the path of its main script as it is written here, and pkg works in a folder
  // within $TMPDIR: from there it is the same in every build.
  // NODE_OPTIONS are somebody else's: they could load a stranger's code, or cost the code cache.
  seaConfig: { main: `../${basename(main)}`, assets, execArgv, execArgvExtension: 'none' },
}).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
