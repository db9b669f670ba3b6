import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import type { Via } from '../debugger/container.ts';
import { DEFAULT_IMAGE } from '../debugger/image.ts';
import type { PullPolicy } from '../kube/pod.ts';
import { errorCode, messageOf, Problem } from '../problem.ts';
import { parseChoice, parseDuration } from './values.ts';

/** How debuggers are made unless flags say otherwise. */
export interface DebuggerSettings {
  readonly image: string;
  readonly pullPolicy: PullPolicy;
  /** Idle seconds after which a debugger ends. */
  readonly ttl: number;
  readonly via: Via;
  /** Where debuggers on nodes are made; in the target's namespace when absent. */
  readonly nodeNamespace?: string;
}

/** A working day: a debugger that has ended stays in the pod's spec, and the next one adds to it. */
export const DEFAULT_TTL = '8h';
const PULL_POLICIES: readonly PullPolicy[] = ['Always', 'IfNotPresent', 'Never'];
const VIAS: readonly Via[] = ['auto', 'ephemeral', 'node'];
const KEYS = ['image', 'imagePullPolicy', 'ttl', 'via', 'nodeNamespace'] as const;
type Key = (typeof KEYS)[number];
type Source = Partial<Record<Key, string>>;

/**
 * Settles each setting: the flag, else the variable (NETDEBUG_IMAGE, NETDEBUG_IMAGE_PULL_POLICY,
 * NETDEBUG_TTL, NETDEBUG_VIA, NETDEBUG_NODE_NAMESPACE), else the organisation's file, else the default.
 */
export function debuggerSettings(
  flags: Source,
  env: NodeJS.ProcessEnv = process.env,
): DebuggerSettings {
  const variables: Source = compact({
    image: env.NETDEBUG_IMAGE,
    imagePullPolicy: env.NETDEBUG_IMAGE_PULL_POLICY,
    ttl: env.NETDEBUG_TTL,
    via: env.NETDEBUG_VIA,
    nodeNamespace: env.NETDEBUG_NODE_NAMESPACE,
  });
  const chosen = { ...readFile(env), ...variables, ...compact(flags) };
  return {
    image: chosen.image ?? DEFAULT_IMAGE,
    pullPolicy: parseChoice(
      '--image-pull-policy',
      chosen.imagePullPolicy ?? 'IfNotPresent',
      PULL_POLICIES,
    ),
    ttl: Math.ceil(parseDuration('--ttl', chosen.ttl ?? DEFAULT_TTL)),
    via: parseChoice('--via', chosen.via ?? 'auto', VIAS),
    ...(chosen.nodeNamespace !== undefined && { nodeNamespace: chosen.nodeNamespace }),
  };
}

/** The settings file: $NETDEBUG_CONFIG, else kubectl-netdebug/config.yaml in the user's config folder. */
function readFile(env: NodeJS.ProcessEnv): Source {
  const folder = env.XDG_CONFIG_HOME || join(homedir(), '.config');
  const path = env.NETDEBUG_CONFIG || join(folder, 'kubectl-netdebug', 'config.yaml');
  let source: string;
  try {
    source = readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT' && !env.NETDEBUG_CONFIG) return {};
    throw new Problem(`cannot read the settings file ${path}: ${messageOf(error)}`);
  }
  const known: readonly string[] = KEYS;
  const settings: Source = {};
  for (const [key, value] of Object.entries(parse(path, source))) {
    if (!known.includes(key))
      throw new Problem(`${path}: unknown setting "${key}"`, {
        next: [`settings are ${KEYS.join(', ')}`],
      });
    if (typeof value === 'object' && value !== null)
      throw new Problem(`${path}: ${key} is one value, as in "${key}: value"`);
    if (value !== null && value !== '') settings[key as Key] = String(value);
  }
  return settings;
}

function parse(path: string, source: string): object {
  try {
    const document = loadAll(source)[0] ?? {};
    if (typeof document === 'object' && !Array.isArray(document)) return document;
  } catch (error) {
    throw new Problem(`${path}: ${messageOf(error)}`);
  }
  throw new Problem(`${path}: settings are written as "name: value", one a line`);
}

function compact(source: Partial<Record<Key, string | undefined>>): Source {
  return Object.fromEntries(Object.entries(source).filter(([, value]) => value));
}
