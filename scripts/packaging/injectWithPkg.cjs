// Puts the program into a Node binary with pkg, which looks for Node binaries under $HOME/.pkg-cache.
// The one argument is JSON: main, assets, execArgv, output, and the target as pkg names it.
const { default: sea } = require('@yao-pkg/pkg/lib-es5/sea.js');

const { main, assets, execArgv, output, target } = JSON.parse(process.argv[2]);
sea(main, {
  targets: [{ ...target, output }],
  // pkg would call Apple's codesign, which is on Macs only.
  signature: false,
  // NODE_OPTIONS are somebody else's: they could load a stranger's code, or cost the code cache.
  seaConfig: { assets, execArgv, execArgvExtension: 'none' },
}).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
