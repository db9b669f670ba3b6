import type { ConnectionFlags } from '../../kube/kubeconfigEntries.ts';
import type { FlagTable, FlagValues } from './flag.ts';
import { anyText, FILE, NAMESPACE } from './valueTypes.ts';

const TEXT = anyText('TEXT');

/**
 * The flags of `kubectl options` that choose the server, the user and the namespace, with kubectl's descriptions. Every
 * command accepts them. kubectl's flags for caches and logs are not included, nor is the short `-s` for --server, which
 * is tcpdump's flag here.
 */
export const CONNECTION_FLAGS = {
  as: {
    value: TEXT,
    help: 'Username to impersonate for the operation. User could be a regular user or a service account in a namespace.',
  },
  'as-group': {
    value: TEXT,
    repeatable: true,
    help: 'Group to impersonate for the operation, this flag can be repeated to specify multiple groups.',
  },
  'as-uid': { value: TEXT, help: 'UID to impersonate for the operation.' },
  'as-user-extra': {
    value: TEXT,
    repeatable: true,
    help: 'User extras to impersonate for the operation, this flag can be repeated to specify multiple values for the same key.',
  },
  'certificate-authority': {
    value: FILE,
    help: 'Path to a cert file for the certificate authority',
  },
  'client-certificate': { value: FILE, help: 'Path to a client certificate file for TLS' },
  'client-key': { value: FILE, help: 'Path to a client key file for TLS' },
  cluster: {
    value: anyText('NAME', 'clusters'),
    help: 'The name of the kubeconfig cluster to use',
  },
  context: {
    value: anyText('NAME', 'contexts'),
    help: 'The name of the kubeconfig context to use',
  },
  'insecure-skip-tls-verify': {
    help: "If true, the server's certificate will not be checked for validity. This will make your HTTPS connections insecure",
  },
  kubeconfig: { value: FILE, help: 'Path to the kubeconfig file to use for CLI requests.' },
  namespace: {
    alias: 'n',
    value: NAMESPACE,
    help: 'If present, the namespace scope for this CLI request',
  },
  password: { value: TEXT, help: 'Password for basic authentication to the API server' },
  'request-timeout': {
    value: TEXT,
    help: "The length of time to wait before giving up on a single server request. Non-zero values should contain a corresponding time unit (e.g. 1s, 2m, 3h). A value of zero means don't timeout requests. Captures and watches last as long as they need.",
  },
  server: { value: TEXT, help: 'The address and port of the Kubernetes API server' },
  'tls-server-name': {
    value: TEXT,
    help: 'Server name to use for server certificate validation. If it is not provided, the hostname used to contact the server is used',
  },
  token: { value: TEXT, help: 'Bearer token for authentication to the API server' },
  user: { value: anyText('NAME', 'users'), help: 'The name of the kubeconfig user to use' },
  username: { value: TEXT, help: 'Username for basic authentication to the API server' },
} as const satisfies FlagTable & Record<keyof ConnectionFlags, unknown>;

export type ConnectionValues = FlagValues<typeof CONNECTION_FLAGS>;
