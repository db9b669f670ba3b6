// Loaded before programs that are written in TypeScript. Without it, older versions of Node fail with
// ERR_UNKNOWN_FILE_EXTENSION.
const NEEDED = 24;

if (Number(process.versions.node.split('.')[0]) < NEEDED) {
  console.error(
    `This needs Node ${NEEDED} or newer, and runs with ${process.version}: run scripts/setup, which installs it in node_modules`,
  );
  process.exit(1);
}
