/** A pod as an interface in Wireshark's list. */
export interface PodInterface {
  readonly namespace: string;
  readonly pod: string;
}

/** The interface for a pod that is entered in the dialog. It is also listed if the cluster cannot be queried. */
const ANY_POD = 'netdebug';

/** Names of namespaces contain no dots, so the first dot ends the namespace. */
export function interfaceName({ namespace, pod }: PodInterface): string {
  return `${ANY_POD}-${namespace}.${pod}`;
}

/** The pod of an interface. Undefined for the interface whose pod is entered in the dialog. */
export function podOfInterface(name: string): PodInterface | undefined {
  const [, namespace, pod] = /^netdebug-([^.]+)\.(.+)$/.exec(name) ?? [];
  return namespace !== undefined && pod !== undefined ? { namespace, pod } : undefined;
}

/** The answer to --extcap-interfaces. */
export function interfacesText(version: string, pods: readonly PodInterface[]): string {
  return lines([
    `extcap {version=${version}}{display=kubectl netdebug}`,
    ...pods.map(
      (pod) =>
        `interface {value=${interfaceName(pod)}}{display=Kubernetes pod ${pod.namespace}/${pod.pod}}`,
    ),
    `interface {value=${ANY_POD}}{display=Kubernetes: a pod by its name}`,
  ]);
}

/** The answer to --extcap-dlts. The file itself contains its link type. Most interfaces of pods are Ethernet. */
export function linkTypesText(): string {
  return lines(['dlt {number=1}{name=EN10MB}{display=Ethernet}']);
}

/** The answer to --extcap-config: the fields of the dialog. */
export function configText(name: string): string {
  const fields = [
    ...(podOfInterface(name)
      ? []
      : [
          '{call=--pod}{display=Pod}{type=string}{required=true}{tooltip=The name of the pod}',
          '{call=--namespace}{display=Namespace}{type=string}{tooltip=The namespace of the pod; empty: that of the context}',
        ]),
    '{call=--interface}{display=Interface in the pod}{type=string}{placeholder=eth0}{tooltip=eth0, lo, any; empty: the first}',
    '{call=--snaplen}{display=Bytes of each packet}{type=unsigned}{default=0}{tooltip=128 is enough for headers; 0: all}',
    '{call=--image}{display=Image of the debugger}{type=string}{tooltip=Empty: the default image of kubectl netdebug}',
  ];
  return lines(fields.map((field, number) => `arg {number=${number}}${field}`));
}

function lines(sentences: readonly string[]): string {
  return sentences.map((sentence) => `${sentence}\n`).join('');
}
