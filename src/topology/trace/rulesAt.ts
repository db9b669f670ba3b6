import { familyOf } from '../address.ts';
import type { NetworkNamespace } from '../model/networkNamespace.ts';
import type { NamespaceContext } from '../netfilter/packet.ts';
import { readRuleset } from '../netfilter/readRuleset.ts';
import type { Ruleset } from '../netfilter/ruleset.ts';
import { decideRoute } from '../route/decideRoute.ts';
import type { Place, Topology } from '../topology.ts';

const rulesets = new WeakMap<NetworkNamespace, Ruleset>();

/** The rules of a namespace, parsed once; undefined if they were not collected. */
export function rulesetOf(network: NetworkNamespace): Ruleset | undefined {
  if (network.netfilter === undefined) return undefined;
  const cachedRuleset = rulesets.get(network) ?? readRuleset(network.netfilter);
  rulesets.set(network, cachedRuleset);
  return cachedRuleset;
}

/** What rules need to know about the node. */
export function contextOf(topology: Topology, place: Place): NamespaceContext {
  return {
    isLocal: (address) => topology.hasAddress(place, address),
    addressOf: (device, family) =>
      topology
        .device(place, device)
        ?.link.addresses.find(
          ({ address, scope }) => scope === 'global' && familyOf(address) === family,
        )?.address,
    reversePath: (source, device) => {
      const back = decideRoute(place.network, { to: source });
      return back.route === undefined ? undefined : back.route.device === device;
    },
  };
}
