import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { TEXT_FILE, textOfFile } from './textFiles.ts';

// Lets Node run the program from its sources: shell scripts, stylesheets and the script of reports are loaded as text,
// as in the bundle.
registerHooks({
  load(url, context, nextLoad) {
    if (!TEXT_FILE.test(url)) return nextLoad(url, context);
    const { pathname, search } = new URL(url);
    const text = textOfFile(fileURLToPath(`file://${pathname}`) + search);
    return {
      format: 'module',
      source: `export default ${JSON.stringify(text)};`,
      shortCircuit: true,
    };
  },
});
