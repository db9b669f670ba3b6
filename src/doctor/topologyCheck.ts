import type { KubeApi } from '../kube/api.ts';
import { mapConcurrently } from '../kube/mapConcurrently.ts';
import { canI } from '../kube/review.ts';
import type { Check } from './check.ts';

/** The resources that path, netns, who and cni list in the whole cluster, in addition to creating pods on nodes. */
const LISTS: readonly (readonly [group: string, resource: string])[] = [
  ['', 'nodes'],
  ['', 'pods'],
  ['', 'services'],
  ['discovery.k8s.io', 'endpointslices'],
  ['networking.k8s.io', 'networkpolicies'],
];

const CHECK = 'topology';

/** The lists that the topology commands cannot read. They work without them, and report what is unknown. */
export async function topologyCheck(api: KubeApi, signal: AbortSignal): Promise<Check> {
  const answers = await mapConcurrently(LISTS, LISTS.length, async ([group, resource]) => ({
    resource,
    allowed: await canI(api, { group, verb: 'list', resource }, signal),
  }));
  const missing = answers.filter(({ allowed }) => allowed === false);
  const names = (of: typeof answers) => of.map(({ resource }) => resource).join(', ');
  if (missing.length === 0) return { check: CHECK, level: 'ok', text: `list ${names(answers)}` };
  const text = `you may not list ${names(missing)} in all namespaces: path, netns and who cannot show names, services and policies`;
  return { check: CHECK, level: 'warning', text };
}
