import type { Port } from '../topology.ts';

/** A mechanism other than tables that decides about packets at a device. */
export interface Datapath {
  readonly what: string;
  readonly why: string;
  /** Whether it also chooses the path, so that routes and neighbours do not apply after it. */
  readonly redirects: boolean;
}

/**
 * Patterns for the programs of known plugins in tc's list of filters, and whether these programs redirect packets
 * (bpf_redirect) or only filter them.
 */
const KNOWN_PROGRAMS: readonly (readonly [pattern: RegExp, name: string, redirects: boolean])[] = [
  [/cil_|bpf_lxc|bpf_host|bpf_overlay|cilium/i, 'Cilium', true],
  [/cali_|calico/i, 'Calico', true],
  [/antrea/i, 'Antrea', true],
  [/terway/i, 'Terway', true],
  [/aws_?k8s|tc_cls|vpc/i, 'the AWS network policy agent', false],
];

/** The mechanism other than tables that decides at a device, if there is one: eBPF programs, Open vSwitch. */
export function datapathOf({
  network,
  link,
}: Pick<Port, 'network' | 'link'>): Datapath | undefined {
  if (isOpenVSwitchDevice(link)) {
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
  const known = KNOWN_PROGRAMS.find(([pattern]) => bpf.some((filter) => pattern.test(filter)));
  return {
    what: known ? `eBPF of ${known[1]}` : 'eBPF program',
    why: `a program at ${link.name} decides before the tables: ${bpf[0]?.trim().slice(0, 100)}`,
    redirects: known?.[2] === true,
  };
}

/** Whether a device belongs to Open vSwitch or is one of its ports. */
function isOpenVSwitchDevice({ kind, master, portKind }: Port['link']): boolean {
  return kind === 'openvswitch' || master === 'ovs-system' || portKind === 'openvswitch';
}
