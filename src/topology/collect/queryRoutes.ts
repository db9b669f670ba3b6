import { parseAddress } from '../address.ts';
import type { ClusterFacts } from '../model/clusterFacts.ts';
import type { NetworkNamespace } from '../model/networkNamespace.ts';
import type { NodeFacts } from '../model/nodeFacts.ts';
import type { PlacedQuestion, RouteAnswer, RouteQuestion } from '../model/routeAnswer.ts';
import type { FactsPool } from './factsPool.ts';
import queryRoutesScript from './queryRoutes.sh';
import { parseAnswers } from './routeAnswers.ts';

/**
 * Asks the kernels of nodes for routes, with one round trip per node, and returns the facts with the answers.
 * Questions that cannot be asked get no answer.
 */
export async function queryRoutes(
  pool: Pick<FactsPool, 'run'>,
  facts: ClusterFacts,
  questions: readonly PlacedQuestion[],
): Promise<ClusterFacts> {
  // Both directions of a path, and parallel paths, often ask the same question.
  const distinct = new Map(questions.map((placed) => [JSON.stringify(placed), placed])).values();
  const byNode = Map.groupBy(distinct, ({ node }) => node);
  const nodes = await Promise.all(
    facts.nodes.map(async (node) => {
      const placedQuestions = (byNode.get(node.name) ?? [])
        .flatMap(({ netns, question }) => {
          const path = netnsPath(node, netns);
          const words = questionArguments(question);
          return path === undefined || words === undefined
            ? []
            : [{ netns, question, path, words }];
        })
        // One process asks all questions of a namespace.
        .toSorted((a, b) => a.netns - b.netns);
      if (placedQuestions.length === 0) return node;
      const sections = await pool.run(
        node.name,
        queryRoutesScript,
        [],
        placedQuestions.flatMap(({ path, netns, words }) => [path, String(netns), words]),
      );
      const answers = parseAnswers(sections);
      return {
        ...node,
        namespaces: node.namespaces.map((namespace) =>
          withAnswers(namespace, placedQuestions, answers),
        ),
      };
    }),
  );
  return { ...facts, nodes };
}

function withAnswers(
  namespace: NetworkNamespace,
  placedQuestions: readonly { readonly netns: number; readonly question: RouteQuestion }[],
  answers: ReadonlyMap<number, Omit<RouteAnswer, 'question'>>,
): NetworkNamespace {
  const answered = placedQuestions.flatMap(({ netns, question }, index) => {
    const answer = netns === namespace.inode ? answers.get(index) : undefined;
    return answer ? [{ question, ...answer }] : [];
  });
  return answered.length === 0
    ? namespace
    : { ...namespace, answers: [...namespace.answers, ...answered] };
}

/** The path to enter a namespace by: its first process, or a mount that some process sees. */
export function netnsPath(node: NodeFacts, netns: number): string | undefined {
  const namespace = node.namespaces.find(({ inode }) => inode === netns);
  if (namespace?.pid !== undefined) return `/proc/${namespace.pid}/ns/net`;
  const mount = namespace?.mounts[0];
  const process = node.processes.find(({ mntns }) => mntns === mount?.mntns);
  return mount && process && `/proc/${process.pid}/root${mount.path}`;
}

/**
 * The arguments of `ip route get`; undefined for an invalid question. Spaces separate the words, so no word may
 * contain one.
 */
function questionArguments(question: RouteQuestion): string | undefined {
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
