import type { KubeApi } from '../kube/api.ts';
import type { Check } from './check.ts';

/** The relevant parts of an API server's version. */
export interface ServerVersion {
  readonly text: string;
  readonly minor: number;
}

/** The first minor version with generally available ephemeral containers. */
const EPHEMERAL_CONTAINERS_MINOR = 25;
/** The first minor version with v5 for exec over a websocket. */
const EXEC_V5_MINOR = 30;
/** The server's clock has a resolution of one second. Tokens and certificates tolerate this difference. */
const MAX_SKEW_S = 5;

/** Asks the server for its version. Throws the reason if it cannot be reached. */
export async function serverVersion(api: KubeApi, signal: AbortSignal): Promise<ServerVersion> {
  const { gitVersion = 'of unknown version', minor = '' } = await api.get<{
    gitVersion?: string;
    minor?: string;
  }>('/version', { signal });
  return { text: gitVersion, minor: Number.parseInt(minor, 10) || 0 };
}

export function versionCheck({ text, minor }: ServerVersion, { access }: KubeApi): Check {
  const serverText = `${text} at ${access.server.host}`;
  if (minor > 0 && minor < EPHEMERAL_CONTAINERS_MINOR)
    return {
      check: 'API server',
      level: 'fail',
      kind: 'unsuitable',
      text: `${serverText}: no support for ephemeral containers (available since 1.${EPHEMERAL_CONTAINERS_MINOR})`,
    };
  return { check: 'API server', level: 'ok', text: serverText };
}

/** Compares the clocks, based on the server's last answer. */
export function clockCheck(api: KubeApi): Check {
  const seconds = Math.round((Date.now() - api.serverTime()) / 1000);
  if (Math.abs(seconds) <= MAX_SKEW_S)
    return { check: 'clock', level: 'ok', text: 'in sync with the API server' };
  return {
    check: 'clock',
    level: 'warning',
    text: `${Math.abs(seconds)} s ${seconds > 0 ? 'ahead of' : 'behind'} the API server's`,
    next: ['tokens and certificates may be refused, and packet times will not match local logs'],
  };
}

/** The exec protocol for the server's version. Whether a proxy in between changes it only shows when a command runs. */
export function protocolCheck({ minor }: ServerVersion): Check {
  const v5 = minor >= EXEC_V5_MINOR;
  return {
    check: 'exec protocol',
    level: 'ok',
    text: `${v5 ? 'v5' : 'v4'} over a websocket, judging by the version of the server`,
  };
}
