import { parseIpRecords } from '../../tools/ip/records.ts';
import { routesOf } from '../../tools/ip/route.ts';
import { parseAddress } from '../address.ts';
import type { ClusterFacts } from '../model/clusterFacts.ts';
import type { NetworkNamespace } from '../model/networkNamespace.ts';
import type { NodeFacts } from '../model/nodeFacts.ts';
import type { RouteAnswer, RouteQuestion } from '../model/routeAnswer.ts';
import askScript from './ask.sh';
import type { FactsPool } from './factsPool.ts';
import type { Section } from './sections.ts';

export interface PlacedQuestion {
  readonly node: string;
  /** The inode of the namespace in which it is asked. */
  readonly netns: number;
  readonly question: RouteQuestion;
}

/**
 * Asks the kernels of nodes for routes, all questions of a node in one round trip, and gives the facts with the
 * answers. What cannot be asked has no answer.
 */
export async function askRoutes(
  pool: Pick<FactsPool, 'run'>,
  facts: ClusterFacts,
  questions: readonly PlacedQuestion[],
): Promise<ClusterFacts> {
  // Both directions of a path, and paths beside each other, often ask the same.
  const distinct = new Map(questions.map((one) => [JSON.stringify(one), one])).values();
  const byNode = Map.groupBy(distinct, ({ node }) => node);
  const nodes = await Promise.all(
    facts.nodes.map(async (node) => {
      const asked = (byNode.get(node.name) ?? [])
        .flatMap(({ netns, question }) => {
          const path = pathOf(node, netns);
          const words = questionWords(question);
          return path === undefined || words === undefined
            ? []
            : [{ netns, question, path, words }];
        })
        // Those of one namespace are asked by one process.
        .toSorted((one, other) => one.netns - other.netns);
      if (asked.length === 0) return node;
      const sections = await pool.run(
        node.name,
        askScript,
        [],
        asked.flatMap(({ path, netns, words }) => [path, String(netns), words]),
      );
      const answers = answersOf(sections);
      return {
        ...node,
        namespaces: node.namespaces.map((namespace) => withAnswers(namespace, asked, answers)),
      };
    }),
  );
  return { ...facts, nodes };
}

function withAnswers(
  namespace: NetworkNamespace,
  asked: readonly { readonly netns: number; readonly question: RouteQuestion }[],
  answers: ReadonlyMap<number, Omit<RouteAnswer, 'question'>>,
): NetworkNamespace {
  const found = asked.flatMap(({ netns, question }, index) => {
    const answer = netns === namespace.inode ? answers.get(index) : undefined;
    return answer ? [{ question, ...answer }] : [];
  });
  return found.length === 0
    ? namespace
    : { ...namespace, answers: [...namespace.answers, ...found] };
}

/** Where a namespace is entered: by its first process, or by a mount as some process sees it. */
export function pathOf(node: NodeFacts, netns: number): string | undefined {
  const namespace = node.namespaces.find(({ inode }) => inode === netns);
  if (namespace?.pid !== undefined) return `/proc/${namespace.pid}/ns/net`;
  const mount = namespace?.mounts[0];
  const process = node.processes.find(({ mntns }) => mntns === mount?.mntns);
  return mount && process && `/proc/${process.pid}/root${mount.path}`;
}

/** What ip is given; undefined for what is no question. Words are separated by spaces, so none may hold one. */
function questionWords(question: RouteQuestion): string | undefined {
  const { to, from, inputDevice, mark, protocol, sourcePort, destinationPort } = question;
  const isAddress = (text: string | undefined) =>
    text === undefined || parseAddress(text) !== undefined;
  const isWord = (text: string | undefined) => text === undefined || /^\S+$/.test(text);
  if (!isAddress(to) || !isAddress(from) || !isWord(inputDevice) || !isWord(mark)) return undefined;
  return [
    to,
    ...(from === undefined ? [] : ['from', from]),
    ...(inputDevice === undefined ? [] : ['iif', inputDevice]),
    ...(mark === undefined ? [] : ['mark', mark]),
    ...(protocol === undefined ? [] : ['ipproto', protocol]),
    ...(sourcePort === undefined ? [] : ['sport', String(sourcePort)]),
    ...(destinationPort === undefined ? [] : ['dport', String(destinationPort)]),
  ].join(' ');
}

/** By the number of the question. */
function answersOf(sections: readonly Section[]): Map<number, Omit<RouteAnswer, 'question'>> {
  const found = new Map<number, Omit<RouteAnswer, 'question'>>();
  for (const [index, { name, words, body }] of sections.entries()) {
    const told = sections[index + 1];
    if (name !== 'answers' || told?.name !== 'errors') continue;
    const errors = errorsOf(told.body.toString());
    let number = Number(words[0]);
    for (const line of body.toString().split('\n')) {
      if (line.trim() === '') continue;
      number = refused(found, errors, Number(words[0]), number);
      try {
        const [route] = routesOf(parseIpRecords(line));
        found.set(number, { code: 0, ...(route && { route }) });
      } catch {
        // An ip without JSON for this: then it is not known.
      }
      number += 1;
    }
    refused(found, errors, Number(words[0]), number);
  }
  return found;
}

/** Notes the questions from a number on that have no route; gives the number of the next that has one. */
function refused(
  found: Map<number, Omit<RouteAnswer, 'question'>>,
  errors: ReadonlyMap<number, string>,
  first: number,
  from: number,
): number {
  let number = from;
  for (;;) {
    // Lines of a batch count from 1.
    const error = errors.get(number - first + 1);
    if (error === undefined) return number;
    // ip's own exit codes: 2 where the kernel refused, 1 where ip itself did.
    found.set(number, { code: error.startsWith('RTNETLINK') ? 2 : 1, error });
    number += 1;
  }
}

/** What ip says of the lines of a batch: the reason, and then `Command failed -:LINE`. */
function errorsOf(text: string): Map<number, string> {
  const errors = new Map<number, string>();
  let reason: string[] = [];
  for (const line of text.split('\n')) {
    const failed = /^Command failed .*:(\d+)$/.exec(line.trim())?.[1];
    if (failed === undefined) {
      if (line.trim() !== '') reason.push(line.trim());
      continue;
    }
    errors.set(Number(failed), reason.join('; '));
    reason = [];
  }
  return errors;
}
