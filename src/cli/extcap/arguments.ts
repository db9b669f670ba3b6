const VALUES = [
  'extcap-interface',
  'extcap-capture-filter',
  'fifo',
  ...['kubeconfig', 'context', 'namespace', 'pod', 'interface', 'snaplen', 'image'],
  // The path of the installed program that calls this one.
  'script',
] as const;
const SWITCHES: readonly string[] = [
  ...['extcap-interfaces', 'extcap-dlts', 'extcap-config', 'capture'],
] as const;

type Value = (typeof VALUES)[number];

/** The arguments from Wireshark, and the user's choices in the dialog. */
export interface ExtcapArguments {
  readonly switches: ReadonlySet<string>;
  readonly values: ReadonlyMap<Value, string>;
}

/**
 * Reads Wireshark's arguments in any order, as `--name value` or `--name=value`. The last value of a name wins. Unknown
 * arguments are ignored, because every version of Wireshark adds some (logging, controls, cleanup).
 */
export function parseExtcapArguments(args: readonly string[]): ExtcapArguments {
  const switches = new Set<string>();
  const values = new Map<Value, string>();
  for (let at = 0; at < args.length; at += 1) {
    const [, name = '', given] = /^--([^=]+)(?:=(.*))?$/s.exec(args[at] ?? '') ?? [];
    const value = VALUES.find((known) => known === name);
    if (value !== undefined) {
      if (given === undefined) at += 1;
      const text = given ?? args[at] ?? '';
      // An empty field of the dialog requests nothing.
      if (text !== '') values.set(value, text);
    } else if (SWITCHES.includes(name)) switches.add(name);
  }
  return { switches, values };
}
