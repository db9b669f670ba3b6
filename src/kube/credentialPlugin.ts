import { spawn } from 'node:child_process';
import { isatty } from 'node:tty';
import { errorCode, messageOf, Problem } from '../problem.ts';
import { span } from '../timing.ts';
import { fileErrorText, fileOrData } from './configFile.ts';
import type { ConnectionEvents, CredentialSource, Credentials } from './credentialSource.ts';
import type { ClusterEntry, ExecEntry } from './kubeconfigEntries.ts';
import { interactiveModeOf } from './kubeconfigValidation.ts';
import { LoginRenewals } from './loginRenewals.ts';

const GROUP = 'client.authentication.k8s.io';
const VERSIONS = [`${GROUP}/v1`, `${GROUP}/v1beta1`];
/** The extension of a cluster entry that is passed to the plugin. */
const CLUSTER_CONFIG_EXTENSION = `${GROUP}/exec`;
const NOT_INSTALLED = `

It looks like you are trying to use a client-go credential plugin that is not installed.

To learn more about this feature, consult the documentation available at:
      https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins`;

/** The fields that are read of a plugin's output. */
interface ExecCredential {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly status?: {
    readonly token?: string;
    readonly clientCertificateData?: string;
    readonly clientKeyData?: string;
    readonly expirationTimestamp?: string;
  };
}

interface CachedCredentials {
  readonly credentials: Credentials;
  /** When the credentials expire, in milliseconds since 1970. */
  readonly expiresAt: number;
}

/**
 * The credentials of an exec plugin. The plugin runs for the first request, and again when its credentials have expired
 * or were refused, never twice at the same time. Its messages go to the user's terminal. Throws a Problem with
 * kubectl's wording, and LoginExpired if a login is not renewed.
 */
export function pluginSource(
  plugin: ExecEntry,
  cluster: ClusterEntry,
  { onPlugin, onLoginExpired }: ConnectionEvents = {},
): CredentialSource {
  if (!VERSIONS.includes(plugin.apiVersion ?? ''))
    throw new Problem(`exec plugin: invalid apiVersion "${plugin.apiVersion}"`, {
      kind: 'configuration',
      next: [`supported versions are ${VERSIONS.join(' and ')}; use a newer release of the plugin`],
    });
  let cached: CachedCredentials | undefined;
  let running: Promise<CachedCredentials> | undefined;
  const renewals = new LoginRenewals(`the credential plugin "${plugin.command}"`, onLoginExpired);
  const runOnce = async (): Promise<CachedCredentials> => {
    const onEnded = onPlugin?.(cached !== undefined);
    try {
      return await runTraced(plugin, cluster);
    } catch (error) {
      onEnded?.();
      throw cached ? renewals.recordFailure(messageOf(error), error) : error;
    } finally {
      onEnded?.();
      running = undefined;
    }
  };
  const refresh = async () => {
    renewals.throwIfExpired();
    running ??= runOnce();
    cached = await running;
    return cached.credentials;
  };
  return {
    current: async () => {
      if (cached && Date.now() < cached.expiresAt) return cached.credentials;
      const credentials = await refresh();
      renewals.recordSuccess();
      return credentials;
    },
    renew: async (refused) => {
      // Another request may have renewed them in the meantime.
      if (cached && cached.credentials !== refused) return true;
      if (!sameCredentials(await refresh(), refused)) {
        renewals.recordSuccess();
        return true;
      }
      renewals.recordFailure('it returned the same credentials, which the server refuses (401)');
      return false;
    },
  };
}

function sameCredentials(a: Credentials, b: Credentials): boolean {
  return a.authorization === b.authorization && a.cert === b.cert;
}

async function runTraced(plugin: ExecEntry, cluster: ClusterEntry): Promise<CachedCredentials> {
  const endSpan = span('credential plugin');
  return runPlugin(plugin, cluster).finally(endSpan);
}

async function runPlugin(plugin: ExecEntry, cluster: ClusterEntry): Promise<CachedCredentials> {
  try {
    const interactive = isInteractive(plugin);
    return parseCredential(
      await runCommand(plugin, execInfo(plugin, cluster, interactive), interactive),
      plugin,
    );
  } catch (error) {
    throw new Problem(`Unable to connect to the server: getting credentials: ${messageOf(error)}`, {
      kind: 'unauthenticated',
      cause: error,
    });
  }
}

function isInteractive(plugin: ExecEntry): boolean {
  const mode = interactiveModeOf(plugin);
  const terminal = mode !== 'Never' && isatty(0);
  if (mode === 'Always' && !terminal)
    throw new Error(
      'exec plugin cannot support interactive mode: standard input is not a terminal',
    );
  return terminal;
}

/** The input of the plugin: JSON in KUBERNETES_EXEC_INFO. */
function execInfo(plugin: ExecEntry, cluster: ClusterEntry, interactive: boolean): string {
  const info = {
    kind: 'ExecCredential',
    apiVersion: plugin.apiVersion,
    spec: { ...(plugin.provideClusterInfo && { cluster: clusterInfo(cluster) }), interactive },
  };
  return `${JSON.stringify(info)}\n`;
}

function clusterInfo(cluster: ClusterEntry): object {
  const ca = fileOrData(cluster['certificate-authority'], cluster['certificate-authority-data']);
  const config = cluster.extensions?.find(
    ({ name }) => name === CLUSTER_CONFIG_EXTENSION,
  )?.extension;
  return {
    server: cluster.server,
    ...(cluster['tls-server-name'] && { 'tls-server-name': cluster['tls-server-name'] }),
    ...(cluster['insecure-skip-tls-verify'] && { 'insecure-skip-tls-verify': true }),
    ...(ca && { 'certificate-authority-data': ca.toString('base64') }),
    ...(cluster['proxy-url'] && { 'proxy-url': cluster['proxy-url'] }),
    config: config ?? null,
  };
}

async function runCommand(plugin: ExecEntry, info: string, interactive: boolean): Promise<string> {
  const { command = '', args, env, installHint } = plugin;
  const pluginEnv = Object.fromEntries((env ?? []).map(({ name, value }) => [name, value ?? '']));
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const child = spawn(command, args ?? [], {
    env: { ...process.env, ...pluginEnv, KUBERNETES_EXEC_INFO: info },
    // The plugin's questions and errors are meant for the user.
    stdio: [interactive ? 'inherit' : 'ignore', 'pipe', 'inherit'],
    windowsHide: true,
  });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.once('error', (error) => {
    const onPath = !/[\\/]/.test(command);
    if (errorCode(error) === 'ENOENT' && onPath)
      reject(
        new Error(
          `exec: executable ${command} not found${NOT_INSTALLED}${installHint ? `\n\n${installHint}` : ''}`,
        ),
      );
    else reject(new Error(`exec: fork/exec ${command}: ${fileErrorText(error)}`));
  });
  child.once('close', (code) => {
    if (code === 0) resolve(Buffer.concat(chunks).toString());
    else reject(new Error(`exec: executable ${command} failed with exit code ${code ?? -1}`));
  });
  return promise;
}

function parseCredential(output: string, { apiVersion }: ExecEntry): CachedCredentials {
  let credential: ExecCredential;
  try {
    credential = JSON.parse(output) as ExecCredential;
  } catch (error) {
    throw new Error(
      `decoding stdout: couldn't get version/kind; json parse error: ${messageOf(error)}`,
    );
  }
  if (credential?.kind !== 'ExecCredential')
    throw new Error(`decoding stdout: the plugin printed no ExecCredential`);
  if (credential.apiVersion !== apiVersion)
    throw new Error(
      `exec plugin is configured to use API version ${apiVersion}, plugin returned version ${credential.apiVersion}`,
    );
  const { status } = credential;
  if (!status) throw new Error("exec plugin didn't return a status field");
  const { token, clientCertificateData: cert, clientKeyData: key } = status;
  if (!token && !cert && !key)
    throw new Error("exec plugin didn't return a token or cert/key pair");
  if (!cert !== !key) throw new Error('exec plugin returned only certificate or key, not both');
  return {
    credentials: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(cert && key && { cert, key }),
    },
    expiresAt: status.expirationTimestamp
      ? Date.parse(status.expirationTimestamp)
      : Number.POSITIVE_INFINITY,
  };
}
