import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';

const root = join(import.meta.dirname, '..', '..');
const RULE = `\n${'-'.repeat(78)}\n`;

/** A package of which something is in the bundle. */
export interface Bundled {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly text: string;
}

/**
 * The licences of everything in the binaries that is not ours: of the packages of which something is
 * in the bundle, and of Node with all that it holds. Throws for a package without a licence text.
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

/** The packages of which something is in the bundle, sorted. */
export function bundledPackages(metafile: Metafile): Bundled[] {
  return bundledFolders(metafile).map(readPackage);
}

/** The folders of those packages, sorted; one that lies in another's node_modules is its own. */
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
