import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { TEXT_FILE, textOfFile } from './textFiles.ts';

// Lets Node run the program from its sources: shell scripts are text, as in the bundle.
registerHooks({
  load(url, context, nextLoad) {
    if (!TEXT_FILE.test(url)) return nextLoad(url, context);
    const path = fileURLToPath(url);
    const text = textOfFile(path, readFileSync(path, 'utf8'));
    return {
      format: 'module',
      source: `export default ${JSON.stringify(text)};`,
      shortCircuit: true,
    };
  },
});
