const VALUES = [
  'extcap-interface',
  'extcap-capture-filter',
  'fifo',
  ...['kubeconfig', 'context', 'namespace', 'pod', 'interface', 'snaplen', 'image'],
  // The installed program that asks.
  'script',
] as const;
const SWITCHES: readonly string[] = [
  ...['extcap-interfaces', 'extcap-dlts', 'extcap-config', 'capture'],
] as const;

type Value = (typeof VALUES)[number];

/** What Wireshark asks an extcap program, and what its user chose in the dialog. */
export interface ExtcapWords {
  readonly switches: ReadonlySet<string>;
  readonly values: ReadonlyMap<Value, string>;
}

/**
 * Reads Wireshark's arguments in any order, `--name value` and `--name=value`; the last of a name counts.
 * Unknown ones are passed over: each version of Wireshark has some more (logging, controls, cleanup).
 */
export function readExtcapWords(args: readonly string[]): ExtcapWords {
  const switches = new Set<string>();
  const values = new Map<Value, string>();
  for (let at = 0; at < args.length; at += 1) {
    const [, name = '', given] = /^--([^=]+)(?:=(.*))?$/s.exec(args[at] ?? '') ?? [];
    const value = VALUES.find((known) => known === name);
    if (value !== undefined) {
      if (given === undefined) at += 1;
      const text = given ?? args[at] ?? '';
      // A field of the dialog that is left empty asks for nothing.
      if (text !== '') values.set(value, text);
    } else if (SWITCHES.includes(name)) switches.add(name);
  }
  return { switches, values };
}
