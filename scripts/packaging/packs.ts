import { basename } from 'node:path';
import { type BuildResult, type Metafile, type OutputFile, transform } from 'esbuild';

/** The first module of the program. */
const MAIN = 'src/main.ts';

/**
 * Each pack is a script with its own code cache. It is read when one of its modules is first needed. A pack contains
 * the modules that load together with these, except those in earlier packs. The last pack contains all others.
 */
const PACKS: readonly { readonly name: string; readonly modules: readonly string[] }[] = [
  { name: 'quick', modules: [MAIN] },
  { name: 'completion', modules: ['src/cli/completion/builtTable.ts'] },
  {
    name: 'connection',
    modules: [
      'src/cli/completion/completeCommand.ts',
      'src/cli/completion/sources.ts',
      'src/kube/api.ts',
      'src/kube/authentication.ts',
    ],
  },
  // Loaded before the first request is sent.
  {
    name: 'start',
    modules: ['src/cli/commandLine.ts', 'src/cli/commands/capture.ts', 'src/cli/commands/ports.ts'],
  },
  { name: 'capture', modules: ['src/cli/liveCapture.ts'] },
  { name: 'rest', modules: [] },
];

export const PACK_NAMES: readonly string[] = PACKS.map(({ name }) => name);

/**
 * Puts the modules of esbuild's output (format esm, split at each `import()`) into packs. Returns the text of each pack
 * by its name.
 */
export async function packModules({
  metafile,
  outputFiles,
}: BuildResult<{ metafile: true; write: false }>): Promise<Map<string, string>> {
  const places = placesOf(metafile);
  const files = new Map(outputFiles.map((file) => [basename(file.path), file]));
  const packed = new Map<string, string[]>(PACK_NAMES.map((name) => [name, []]));
  for (const [module, pack] of places) {
    const file = files.get(module);
    if (file) packed.get(pack)?.push(await functionOf(file, places));
  }
  return new Map([...packed].map(([name, functions]) => [name, `({${functions.join(',\n')}})`]));
}

/** The pack of each module, by file name. */
function placesOf({ outputs }: Metafile): Map<string, string> {
  const modules = new Map(
    Object.entries(outputs).map(([path, output]) => [basename(path), output] as const),
  );
  const places = new Map<string, string>();
  const place = (module: string, pack: string) => {
    if (places.has(module)) return;
    places.set(module, pack);
    for (const { path, kind, external } of modules.get(module)?.imports ?? [])
      if (kind === 'import-statement' && !external) place(basename(path), pack);
  };
  for (const { name, modules: sources } of PACKS)
    for (const source of sources) {
      const found = [...modules].find(([, { entryPoint }]) => entryPoint === source);
      if (!found) throw new Error(`${source} is not loaded by import() any more: see packs.ts`);
      place(found[0], name);
    }
  for (const module of modules.keys()) place(module, PACK_NAMES.at(-1) ?? '');
  return places;
}

/** A module as a method of its pack. launcher/packs.cjs calls it. */
async function functionOf({ path, text }: OutputFile, places: Map<string, string>) {
  const module = basename(path);
  const { code } = await transform(text, {
    format: 'cjs',
    charset: 'ascii',
    minify: true,
    target: 'node24',
    // import() becomes require(), which knows the packs.
    supported: { 'dynamic-import': false },
  });
  const named = code.replaceAll(/"\.\/([\w-]+\.js)"/g, (whole, name: string) =>
    places.has(name) ? JSON.stringify(nameIn(places, name)) : whole,
  );
  return `${JSON.stringify(nameIn(places, module))}(module,require,importMetaUrl){${named}}`;
}

function nameIn(places: Map<string, string>, module: string): string {
  return `./${places.get(module)}/${module.replace(/\.js$/, '')}`;
}
