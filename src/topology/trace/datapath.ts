import type { Port } from '../wiring.ts';

/** Something else than tables that decides about packets at a device. */
export interface Datapath {
  readonly what: string;
  readonly why: string;
  /** Whether it also chooses the way, so that routes and neighbours tell nothing from here on. */
  readonly redirects: boolean;
}

/**
 * Names by which programs of known plugins are recognised, in what tc prints of their filters, and whether they
 * send packets on by themselves (bpf_redirect) rather than only let them pass.
 */
const NAMES: readonly (readonly [pattern: RegExp, name: string, redirects: boolean])[] = [
  [/cil_|bpf_lxc|bpf_host|bpf_overlay|cilium/i, 'Cilium', true],
  [/cali_|calico/i, 'Calico', true],
  [/antrea/i, 'Antrea', true],
  [/terway/i, 'Terway', true],
  [/aws_?k8s|tc_cls|vpc/i, 'the AWS network policy agent', false],
];

/** A device where something else than tables decides about packets: eBPF programs, Open vSwitch. */
export function datapathOf({
  network,
  link,
}: Pick<Port, 'network' | 'link'>): Datapath | undefined {
  if (isSwitched(link)) {
    const why = `the flows of the switch decide at ${link.name}`;
    return { what: 'Open vSwitch', why, redirects: true };
  }
  if (link.kind === 'netkit') {
    const why = `${link.name} is a netkit device: its programs decide`;
    return { what: 'eBPF program', why, redirects: true };
  }
  const filters = (network.qdiscs ?? [])
    .filter(({ device, kind }) => device === link.name && (kind === 'clsact' || kind === 'ingress'))
    .flatMap((qdisc) => qdisc.filters ?? []);
  const bpf = filters.filter((filter) => /\bbpf\b/.test(filter));
  if (bpf.length === 0) return undefined;
  const known = NAMES.find(([pattern]) => bpf.some((filter) => pattern.test(filter)));
  return {
    what: known ? `eBPF of ${known[1]}` : 'eBPF program',
    why: `a program at ${link.name} decides before the tables: ${bpf[0]?.trim().slice(0, 100)}`,
    redirects: known?.[2] === true,
  };
}

/** A device of Open vSwitch, or a port of it. */
function isSwitched({ kind, master, portKind }: Port['link']): boolean {
  return kind === 'openvswitch' || master === 'ovs-system' || portKind === 'openvswitch';
}
