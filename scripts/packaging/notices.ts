import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';

const root = join(import.meta.dirname, '..', '..');
const RULE = `\n${'-'.repeat(78)}\n`;

/** A package that the bundle contains parts of. */
export interface Bundled {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly text: string;
}

/**
 * The licences of all third-party code in the binaries: the packages in the bundle, and Node with everything in it.
 * Throws if a package has no licence text.
 */
export function thirdPartyNotices(metafile: Metafile, nodeLicense: string): string {
  const sections = bundledPackages(metafile).map(
    ({ name, version, license, text }) => `${name} ${version} (${license})\n\n${text.trim()}\n`,
  );
  return [
    'kubectl-netdebug contains the following software, under the licences that follow.\n',
    ...sections,
    `Node.js\n\n${readFileSync(nodeLicense, 'utf8').trim()}\n`,
  ].join(RULE);
}

/** The packages that the bundle contains parts of, sorted. */
export function bundledPackages(metafile: Metafile): Bundled[] {
  return bundledFolders(metafile).map(readPackage);
}

/** The folders of those packages, sorted. A package in the node_modules of another one has its own folder. */
function bundledFolders({ outputs }: Metafile): string[] {
  const used = Object.values(outputs)
    .flatMap(({ inputs }) => Object.entries(inputs))
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([path]) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]);
  return [...new Set(used.filter((folder) => folder !== undefined))].sort();
}

function readPackage(folder: string): Bundled {
  const path = join(root, folder);
  const { name, version, license } = JSON.parse(
    readFileSync(join(path, 'package.json'), 'utf8'),
  ) as Omit<Bundled, 'text'>;
  const file = readdirSync(path).find((each) => /^(licen[cs]e|copying)/i.test(each));
  if (file === undefined || !existsSync(join(path, file)))
    throw new Error(`the package ${name} has no licence text`);
  return { name, version, license, text: readFileSync(join(path, file), 'utf8') };
}
