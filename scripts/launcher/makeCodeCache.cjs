// Runs the bundle once on a command that fails after it has loaded everything, and keeps what V8
// compiled on the way: the functions that every real command needs are then ready at its start.
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { bundleScript } = require('./bundleScript.cjs');

const dist = process.argv[2];
const bundle = path.join(dist, 'netdebug.cjs');
const kubeconfig = path.join(os.tmpdir(), `netdebug-build-${process.pid}`);
fs.writeFileSync(
  kubeconfig,
  'clusters: [{name: c, cluster: {server: "https://127.0.0.1:9"}}]\nusers: [{name: u, user: {token: t}}]\n' +
    'contexts: [{name: x, context: {cluster: c, user: u}}]\ncurrent-context: x\n',
);
process.argv = [process.execPath, bundle, 'capture', 'pod-1', '--kubeconfig', kubeconfig];
process.stderr.write = () => true;
const { script, run } = bundleScript(bundle);
process.on('exit', () => {
  fs.rmSync(kubeconfig);
  fs.writeFileSync(path.join(dist, 'netdebug.cache'), script.createCachedData());
  process.exitCode = 0;
});
run();
