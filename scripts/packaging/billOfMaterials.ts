import { Enums, Models, Serialize, Spec } from '@cyclonedx/cyclonedx-library';
import type { Metafile } from 'esbuild';
import { bundledPackages } from './notices.ts';
import type { Platform } from './platforms.ts';

export interface Release {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly time: Date;
}

/** The contents of a binary as CycloneDX 1.6 in JSON: the packages in its bundle, and its Node. */
export function billOfMaterials(
  { name, version, license, time }: Release,
  metafile: Metafile,
  { node, os, arch }: Platform,
): string {
  const program = component(Enums.ComponentType.Application, name, version, license);
  program.properties.add(new Models.Property('platform', `${os}/${arch}`));
  const bom = new Models.Bom({
    metadata: new Models.Metadata({ component: program, timestamp: time }),
  });
  for (const each of bundledPackages(metafile)) {
    const library = component(Enums.ComponentType.Library, each.name, each.version, each.license);
    library.purl = `pkg:npm/${each.name.replace('@', '%40')}@${each.version}`;
    bom.components.add(library);
  }
  const runtime = component(Enums.ComponentType.Platform, 'node', node.version, undefined);
  runtime.purl = `pkg:generic/node@${node.version}`;
  bom.components.add(runtime);
  const serializer = new Serialize.JsonSerializer(
    new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6),
  );
  return `${serializer.serialize(bom, { sortLists: true, space: 2 })}\n`;
}

function component(
  type: Enums.ComponentType,
  name: string,
  version: string,
  license: string | undefined,
): Models.Component {
  const made = new Models.Component(type, name, { version });
  if (license !== undefined) made.licenses.add(new Models.LicenseExpression(license));
  return made;
}
