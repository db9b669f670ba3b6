import { open, readFile, unlink, writeFile } from 'node:fs/promises';
import { dump, loadAll } from 'js-yaml';
import { messageOf } from '../problem.ts';
import { fileErrorText } from './configFile.ts';
import type { UserOrigin } from './kubeconfig.ts';

interface Document {
  users?: { name?: string; user?: { 'auth-provider'?: { config?: object } } }[];
}

/**
 * Saves what an auth provider has renewed to the kubeconfig file that contains the user, as kubectl does, and with the
 * same lock file, so that two clients never write at the same time. Throws an Error if it cannot be saved.
 */
export async function saveProviderConfig(
  { name, file }: UserOrigin,
  config: Readonly<Record<string, string>>,
): Promise<void> {
  const lock = `${file}.lock`;
  try {
    await createLock(lock);
    try {
      const document = loadAll(await readFile(file, 'utf8'))[0] as Document;
      const provider = document.users?.find((user) => user.name === name)?.user?.['auth-provider'];
      if (!provider) return;
      provider.config = config;
      await writeFile(file, dump(document, { lineWidth: -1 }), { mode: 0o600 });
    } finally {
      await unlink(lock);
    }
  } catch (error) {
    throw new Error(`could not persist new tokens: ${messageOf(error)}`, { cause: error });
  }
}

async function createLock(file: string): Promise<void> {
  try {
    await (await open(file, 'wx', 0)).close();
  } catch (error) {
    throw new Error(`open ${file}: ${fileErrorText(error)}`, { cause: error });
  }
}
