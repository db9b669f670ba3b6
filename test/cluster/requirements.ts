import { getuid } from 'node:process';
import { imagePrograms } from './images/catalogue.ts';
import { findHostProgram } from './images/hostPrograms.ts';
import { findPluginFolder } from './nodes/nodeFiles.ts';

/** Programs of this machine that a cluster runs, with their Debian packages. */
const programs: Readonly<Record<string, string>> = {
  ...imagePrograms,
  containerd: 'containerd',
  ctr: 'containerd',
  'containerd-shim-runc-v2': 'containerd',
  runc: 'runc',
  unshare: 'util-linux',
  nsenter: 'util-linux',
  sysctl: 'procps',
  openssl: 'openssl',
};

/** Why this machine cannot run a cluster. Undefined if it can. */
export async function whyNoClusterHere(): Promise<string | undefined> {
  if (process.platform !== 'linux') return `it needs Linux, and this is ${process.platform}`;
  if (process.arch !== 'x64') return `its images are for x64, and this machine is ${process.arch}`;
  if (getuid?.() !== 0) return 'it needs root, for namespaces and mounts';
  const names = Object.keys(programs);
  const paths = await Promise.all(names.map(findHostProgram));
  const missing = names.filter((_, index) => paths[index] === undefined);
  const packages = new Set(missing.map((name) => programs[name]));
  if (!(await findPluginFolder())) {
    missing.push('the CNI plugins');
    packages.add('containernetworking-plugins');
  }
  if (missing.length === 0) return undefined;
  const install = `apt-get install --no-install-recommends ${[...packages].join(' ')}`;
  return `it needs ${missing.join(', ')}; on Debian: ${install}`;
}
