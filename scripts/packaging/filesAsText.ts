import { join } from 'node:path';
import type { Plugin } from 'esbuild';
import { TEXT_FILE, textOfFile } from '../textFiles.ts';

/** Bundles these files as text. See textFiles.ts. */
export const filesAsText: Plugin = {
  name: 'files-as-text',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /\?script$/ }, ({ path, resolveDir }) => ({
      path: join(resolveDir, path),
      namespace: 'text',
    }));
    for (const namespace of ['file', 'text'])
      onLoad({ filter: TEXT_FILE, namespace }, ({ path }) => ({
        contents: textOfFile(path),
        loader: 'text',
      }));
  },
};
