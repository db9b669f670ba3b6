import { LINUX_VXLAN_PORT } from '../../packets/tunnels.ts';
import type { CaptureInterface } from '../captureInterface.ts';
import type { Conversation, Endpoint } from '../conversation.ts';
import type { Names } from '../conversationNames.ts';
import { Note } from '../notes.ts';
import { timeText } from '../timeText.ts';
import { FINDING_KINDS, type Finding, type FindingKind, type Severity } from './finding.ts';
import { groupIncidents, type Scope } from './incidents.ts';

/** The maximum number of groups. Problems that would need another group are not reported. */
const MAX_GROUPS = 2_000;
const MAX_CLIENTS = 3;
/** Conversations remembered for each group, to find causes and consequences. */
const MAX_SERIALS = 200;

/** One kind of problem at one server, with the packets of all affected conversations. */
export class FindingGroup {
  readonly kind: FindingKind;
  readonly interfaceIndex: number;
  readonly server: Endpoint | undefined;
  readonly note = new Note();
  /** The number of affected conversations. */
  conversations = 0;
  readonly clients = new Set<string>();
  moreClients = false;
  readonly #serials = new Set<number>();
  /** Sums and maxima for the text, by a name that the rule chooses. */
  readonly numbers = new Map<string, number>();
  /** Words for the text. */
  readonly words = new Map<string, string>();
  hasOldVxlan = false;

  constructor(kind: FindingKind, interfaceIndex: number, server: Endpoint | undefined) {
    this.kind = kind;
    this.interfaceIndex = interfaceIndex;
    this.server = server;
  }

  addClient(address: string): void {
    if (this.clients.size < MAX_CLIENTS) this.clients.add(address);
    else if (!this.clients.has(address)) this.moreClients = true;
  }

  addSerial(serial: number): void {
    if (this.#serials.size < MAX_SERIALS) this.#serials.add(serial);
  }

  /** The affected conversations and servers. */
  get scope(): Scope {
    return {
      conversations: this.#serials,
      hasMore: this.conversations > this.#serials.size,
      servers: this.server ? [this.server] : [],
    };
  }

  sum(word: string, value: number): void {
    this.numbers.set(word, this.number(word) + value);
  }

  max(word: string, value: number): void {
    this.numbers.set(word, Math.max(this.number(word), value));
  }

  number(word: string): number {
    return this.numbers.get(word) ?? 0;
  }

  word(word: string): string {
    return this.words.get(word) ?? '';
  }
}

/** The content of a finding. The rest is derived from its packets. */
export interface FindingDraft {
  readonly kind: FindingKind;
  readonly severity: Severity;
  readonly what: string;
  readonly who: string;
  readonly note: Note;
  readonly count?: number;
  readonly interfaceIndex: number;
  /** Without the interface, which is added if there are several. */
  readonly filter: string;
  readonly causes: readonly string[];
  readonly hasOldVxlan?: boolean;
  /** The affected conversations and servers, if the finding may be a cause or a consequence of another one. */
  readonly scope?: Scope;
}

/** Collects findings, groups them and renders them. */
export class Finder {
  readonly names: Names;
  readonly #statements: FindingDraft[] = [];
  readonly #groups = new Map<string, FindingGroup>();
  readonly #interfaces: readonly CaptureInterface[];
  readonly #baseSeconds: () => number;

  constructor(names: Names, interfaces: readonly CaptureInterface[], baseSeconds: () => number) {
    this.names = names;
    this.#interfaces = interfaces;
    this.#baseSeconds = baseSeconds;
  }

  /** The group for a problem of a conversation, by its server and `distinction`. */
  group(
    kind: FindingKind,
    conversation: Pick<Conversation, 'serial' | 'client' | 'server' | 'interfaceIndex' | 'tunnel'>,
    distinction = '',
  ): FindingGroup | undefined {
    const { server, client, interfaceIndex } = conversation;
    const key = `${kind} ${interfaceIndex} ${server.address} ${server.port} ${distinction}`;
    let group = this.#groups.get(key);
    if (!group) {
      if (this.#groups.size >= MAX_GROUPS) return undefined;
      group = new FindingGroup(kind, interfaceIndex, server);
      this.#groups.set(key, group);
    }
    group.conversations += 1;
    group.addClient(client.address);
    group.addSerial(conversation.serial);
    if (conversation.tunnel === 'vxlan') group.hasOldVxlan ||= this.hasOldVxlan;
    return group;
  }

  /** VXLAN was seen on the older default port of Linux, which Wireshark decodes as another protocol. */
  hasOldVxlan = false;

  get groups(): Iterable<FindingGroup> {
    return this.#groups.values();
  }

  add(draft: FindingDraft): void {
    this.#statements.push(draft);
  }

  /**
   * All findings, the worst first, and causes before symptoms. The consequences of a finding follow it. `connectionOf`
   * returns the same number for conversations that are one connection.
   */
  finish(
    caveat: string | undefined,
    connectionOf: (conversation: number) => number = (conversation) => conversation,
  ): Finding[] {
    const order = new Map(FINDING_KINDS.map((kind, index) => [kind, index]));
    const severities: readonly Severity[] = ['error', 'warning', 'info'];
    const rank = ({ kind, severity }: FindingDraft) =>
      severities.indexOf(severity) * 1000 + (order.get(kind) ?? 0);
    const byRank = (a: FindingDraft, b: FindingDraft) =>
      rank(a) - rank(b) || (b.count ?? b.note.count) - (a.count ?? a.note.count);
    const sorted = [...this.#statements].sort(byRank);
    const incidents = groupIncidents(sorted, connectionOf).sort((a, b) => byRank(a[0], b[0]));
    return incidents.flatMap(([cause, ...consequences], index) => {
      const before = incidents.slice(0, index).reduce((sum, { length }) => sum + length, 0);
      return [
        this.#finding(cause, caveat),
        ...consequences.map((draft) => this.#finding(draft, caveat, before)),
      ];
    });
  }

  #finding(draft: FindingDraft, caveat: string | undefined, causedBy?: number): Finding {
    const { kind, severity, what, who, note, interfaceIndex, causes } = draft;
    const on = this.#interfaces[interfaceIndex];
    const first = timeText(this.#baseSeconds(), note.firstTime);
    const last = timeText(this.#baseSeconds(), note.lastTime);
    const several = this.#interfaces.length > 1 && on !== undefined;
    const isOfFile =
      several &&
      this.#interfaces.some(
        (otherInterface) => otherInterface !== on && otherInterface.capture === on.capture,
      );
    const filter =
      isOfFile && draft.filter !== ''
        ? `frame.interface_id == ${on.numberInFile} && ${draft.filter}`
        : draft.filter;
    return {
      kind,
      severity,
      what,
      who,
      when: first,
      ...(last !== first && { until: last }),
      count: draft.count ?? note.count,
      packets: note.packets,
      ...(several && { interface: on.label }),
      filter,
      ...(draft.hasOldVxlan && { decodeAs: `udp.port==${LINUX_VXLAN_PORT},vxlan` }),
      causes,
      ...(causedBy !== undefined && { causedBy }),
      ...(caveat !== undefined && severity !== 'info' && { caveat }),
    };
  }

  /** Describes the clients and the server of a group. */
  whoOf(group: FindingGroup): string {
    const clients = [...group.clients].map((address) => this.names.withName(address)).join(', ');
    const more = group.moreClients ? ' and others' : '';
    if (!group.server) return `${clients}${more}`;
    return `${clients}${more} → ${this.endpoint(group.server)}`;
  }

  endpoint({ address, port }: Endpoint): string {
    const host = address.includes(':') ? `[${address}]` : address;
    return this.names.annotate(`${host}:${port}`, address);
  }
}

/** A display filter for one address. */
export function addressFilter(address: string): string {
  return `${address.includes(':') ? 'ipv6' : 'ip'}.addr == ${address}`;
}

/** A display filter for the server of a group. */
export function serverFilter({ server }: FindingGroup, protocol: 'tcp' | 'udp' = 'tcp'): string {
  return server
    ? `${addressFilter(server.address)} && ${protocol}.port == ${server.port}`
    : protocol;
}
