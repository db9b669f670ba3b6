import type { Port } from '../wiring.ts';

/** Names by which programs of known plugins are recognised, in what tc prints of their filters. */
const NAMES: readonly (readonly [RegExp, string])[] = [
  [/cil_|bpf_lxc|bpf_host|bpf_overlay|cilium/i, 'Cilium'],
  [/cali_|calico/i, 'Calico eBPF'],
  [/antrea/i, 'Antrea'],
  [/terway/i, 'Terway'],
  [/aws_?k8s|tc_cls|vpc/i, 'AWS network policy agent'],
];

/** A device where something else than tables decides about packets: eBPF programs, Open vSwitch. */
export function datapathOf({
  network,
  link,
}: Pick<Port, 'network' | 'link'>): { what: string; why: string } | undefined {
  if (link.master === 'ovs-system' || link.kind === 'openvswitch') {
    return { what: 'Open vSwitch', why: `the flows of the switch decide at ${link.name}` };
  }
  if (link.kind === 'netkit') {
    return { what: 'eBPF program', why: `${link.name} is a netkit device: its programs decide` };
  }
  const filters = (network.qdiscs ?? [])
    .filter(({ device, kind }) => device === link.name && (kind === 'clsact' || kind === 'ingress'))
    .flatMap((qdisc) => qdisc.filters ?? []);
  const bpf = filters.filter((filter) => /\bbpf\b/.test(filter));
  if (bpf.length === 0) return undefined;
  const owner = NAMES.find(([pattern]) => bpf.some((filter) => pattern.test(filter)))?.[1];
  return {
    what: owner ? `eBPF of ${owner}` : 'eBPF program',
    why: `a program at ${link.name} decides before the tables: ${bpf[0]?.trim().slice(0, 100)}`,
  };
}
