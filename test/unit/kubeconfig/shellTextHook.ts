import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { shellText } from '../../../scripts/shellText.ts';

// Lets Node run the program from its sources: shell scripts are text, as in the bundle.
registerHooks({
  load(url, context, nextLoad) {
    if (!url.endsWith('.sh')) return nextLoad(url, context);
    const text = shellText(readFileSync(fileURLToPath(url), 'utf8'));
    return {
      format: 'module',
      source: `export default ${JSON.stringify(text)};`,
      shortCircuit: true,
    };
  },
});
