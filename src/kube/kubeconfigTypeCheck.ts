/** The type that Go's decoder expects for a field, as Go's decoder names it. */
type GoType = 'string' | 'bool' | '[]string' | '[]uint8';

/** Structs of k8s.io/client-go/tools/clientcmd/api/v1, with the fields that kubectl reads. */
const CLUSTER: Readonly<Record<string, GoType>> = {
  server: 'string',
  'tls-server-name': 'string',
  'insecure-skip-tls-verify': 'bool',
  'certificate-authority': 'string',
  'certificate-authority-data': '[]uint8',
  'proxy-url': 'string',
};
const USER: Readonly<Record<string, GoType>> = {
  'client-certificate': 'string',
  'client-certificate-data': '[]uint8',
  'client-key': 'string',
  'client-key-data': '[]uint8',
  token: 'string',
  tokenFile: 'string',
  username: 'string',
  password: 'string',
  as: 'string',
  'as-uid': 'string',
  'as-groups': '[]string',
};
const CONTEXT: Readonly<Record<string, GoType>> = {
  cluster: 'string',
  user: 'string',
  namespace: 'string',
};
const EXEC: Readonly<Record<string, GoType>> = {
  apiVersion: 'string',
  command: 'string',
  args: '[]string',
  interactiveMode: 'string',
  installHint: 'string',
  provideClusterInfo: 'bool',
};

/**
 * Checks the types of the fields in a kubeconfig document. Without this check, a token that YAML reads as a number
 * would become a different token. Throws an Error with the wording of Go's decoder.
 */
export function checkFieldTypes(document: unknown): void {
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    throw new Error(`couldn't get version/kind; json parse error: ${mismatch(document, 'struct')}`);
  const { apiVersion, kind } = document as Record<string, unknown>;
  if ((kind ?? 'Config') !== 'Config' || (apiVersion || 'v1') !== 'v1')
    throw new Error(
      `no kind "${kind ?? 'Config'}" is registered for version "${apiVersion || 'v1'}"`,
    );
  checkField(document, 'current-context', 'string', 'Config', []);
  checkList(document, 'clusters', 'cluster', 'NamedCluster', 'Cluster', CLUSTER);
  checkList(document, 'contexts', 'context', 'NamedContext', 'Context', CONTEXT);
  for (const user of checkList(document, 'users', 'user', 'NamedAuthInfo', 'AuthInfo', USER)) {
    const plugin = (user as { exec?: unknown } | null | undefined)?.exec;
    checkFields(plugin, EXEC, 'ExecConfig', ['users', 'user', 'exec']);
  }
}

function checkList(
  document: object,
  list: string,
  field: string,
  named: string,
  struct: string,
  fields: Readonly<Record<string, GoType>>,
): unknown[] {
  const items: unknown = (document as Record<string, unknown>)[list] ?? [];
  if (!Array.isArray(items)) throw new Error(mismatch(items, `[]v1.${named}`, `Config.${list}`));
  return items.map((item: unknown) => {
    checkFields(item, { name: 'string' }, named, [list]);
    const inner = (item as Record<string, unknown> | null)?.[field];
    checkFields(inner, fields, struct, [list, field]);
    return inner;
  });
}

function checkFields(
  value: unknown,
  fields: Readonly<Record<string, GoType>>,
  struct: string,
  path: readonly string[],
): void {
  if (value === undefined || value === null) return;
  if (typeof value !== 'object' || Array.isArray(value))
    throw new Error(mismatch(value, `v1.${struct}`, `Config.${path.join('.')}`));
  for (const [name, type] of Object.entries(fields)) checkField(value, name, type, struct, path);
}

function checkField(
  value: object,
  name: string,
  type: GoType,
  struct: string,
  path: readonly string[],
): void {
  const field: unknown = (value as Record<string, unknown>)[name];
  if (field === undefined || field === null) return;
  const place = [struct, ...path, name].join('.');
  switch (type) {
    case 'string':
    case '[]uint8':
      if (typeof field !== 'string') throw new Error(mismatch(field, type, place));
      if (type === '[]uint8' && !isBase64(field))
        throw new Error(`illegal base64 data at ${place}`);
      break;
    case 'bool':
      if (typeof field !== 'boolean') throw new Error(mismatch(field, type, place));
      break;
    case '[]string':
      if (!Array.isArray(field)) throw new Error(mismatch(field, type, place));
      for (const item of field)
        if (typeof item !== 'string') throw new Error(mismatch(item, 'string', place));
      break;
  }
}

/** As in Go's decoder, line ends are ignored, and padding is required. */
function isBase64(text: string): boolean {
  const plain = text.replaceAll(/[\r\n]/g, '');
  return plain.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(plain);
}

function mismatch(value: unknown, type: string, place?: string): string {
  const actual = Array.isArray(value)
    ? 'array'
    : typeof value === 'boolean'
      ? 'bool'
      : typeof value;
  return `json: cannot unmarshal ${actual} into Go ${place === undefined ? 'value' : `struct field ${place}`} of type ${type}`;
}
