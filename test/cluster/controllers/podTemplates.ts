import { safeEncoded } from '../apiserver/generatedName.ts';
import { type JsonObject, objectAt } from '../apiserver/json.ts';

/** A short hash of a template: equal templates have equal hashes (FNV-1a of 32 bits). */
export function templateHash(template: JsonObject): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(JSON.stringify(template)))
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return safeEncoded(String(hash));
}

/** The template with additional labels. */
export function withLabels(
  template: JsonObject,
  labels: Readonly<Record<string, string>>,
): JsonObject {
  const metadata = objectAt(template.metadata);
  return {
    ...template,
    metadata: { ...metadata, labels: { ...objectAt(metadata.labels), ...labels } },
  };
}
