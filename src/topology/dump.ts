import { isObject } from '../jsonObject.ts';
import { Problem } from '../problem.ts';
import { type ClusterFacts, FACTS_FORMAT } from './model/clusterFacts.ts';

/**
 * Reads the facts from the JSON that a topology command printed with `-o json`. Every one of these commands prints
 * them as `facts`. Throws a Problem for anything else.
 */
export function parseDump(text: string): ClusterFacts {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw new Problem(`the file is not JSON: ${(error as Error).message}`, {
      kind: 'damaged',
      next: HOW,
    });
  }
  const facts = isObject(document) ? document.facts : undefined;
  if (!isObject(facts))
    throw new Problem('the file does not contain saved facts', { kind: 'damaged', next: HOW });
  if (facts.format !== FACTS_FORMAT)
    throw new Problem(
      `the file has the format ${JSON.stringify(facts.format)}, but this version reads ${FACTS_FORMAT}`,
      { kind: 'damaged' },
    );
  return facts as unknown as ClusterFacts;
}

const HOW = ['save such a file with: kubectl netdebug netns node/NAME -o json > dump.json'];
