import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { NodePackage } from './platforms.ts';

const root = join(import.meta.dirname, '..', '..');

/** A folder with the required files of a Node package. */
export interface NodeFiles {
  /** The Node program. */
  readonly program: string;
  /** The licences of Node and of everything in it. The package for Windows does not contain them. */
  readonly license: string;
}

/**
 * The files of a Node package, as npm installed it for the project. Otherwise npm fetches it into .cache, and its
 * checksum is compared with the expected one.
 */
export function nodeFiles(node: NodePackage): NodeFiles {
  const installed = join(root, 'node_modules', node.name);
  if (versionIn(installed) === node.version) return filesIn(installed);
  const folder = join(root, '.cache', 'node', `${node.name}-${node.version}`);
  if (!existsSync(folder)) fetchPackage(node, folder);
  return filesIn(folder);
}

function filesIn(folder: string): NodeFiles {
  const [program] = ['node', 'node.exe']
    .map((name) => join(folder, 'bin', name))
    .filter((path) => existsSync(path));
  if (program === undefined) throw new Error(`${folder} holds no Node`);
  return { program, license: join(folder, 'LICENSE') };
}

function fetchPackage({ name, version, integrity }: NodePackage, folder: string): void {
  const cache = join(root, '.cache', 'node');
  mkdirSync(cache, { recursive: true });
  const temporary = mkdtempSync(join(cache, 'fetch-'));
  try {
    console.error(`fetching ${name}@${version} from npm`);
    const [archive] = execFileSync(
      'npm',
      ['pack', '--loglevel=error', '--ignore-scripts', `${name}@${version}`],
      { cwd: temporary, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
    ).split('\n');
    const path = join(temporary, archive ?? '');
    const sum = `sha512-${createHash('sha512').update(readFileSync(path)).digest('base64')}`;
    if (sum !== integrity) throw new Error(`${name}@${version} is not the one we know: ${sum}`);
    execFileSync('tar', ['-xzf', path, '-C', temporary]);
    renameSync(join(temporary, 'package'), folder);
  } finally {
    rmSync(temporary, { recursive: true });
  }
}

function versionIn(folder: string): string | undefined {
  const path = join(folder, 'package.json');
  if (!existsSync(path)) return undefined;
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}
