import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import type { DebuggerSettings } from '../debugger/container.ts';
import { DEFAULT_IMAGE } from '../debugger/image.ts';
import { errorCode, messageOf, Problem, wrongUsage } from '../problem.ts';
import { DEBUGGER_GROUP, DEFAULT_TTL, type DebuggerValues } from './flags/debugger.ts';
import type { ValueType } from './flags/flag.ts';

const KEYS = ['image', 'imagePullPolicy', 'ttl', 'via', 'nodeNamespace'] as const;
type Key = (typeof KEYS)[number];

/** A value and its source, for errors. */
interface Sourced {
  readonly text: string;
  readonly source: string;
}
type Source = Partial<Record<Key, Sourced>>;

const VARIABLES: Readonly<Record<Key, string>> = {
  image: 'NETDEBUG_IMAGE',
  imagePullPolicy: 'NETDEBUG_IMAGE_PULL_POLICY',
  ttl: 'NETDEBUG_TTL',
  via: 'NETDEBUG_VIA',
  nodeNamespace: 'NETDEBUG_NODE_NAMESPACE',
};

/**
 * Determines each setting: the flag, else the variable, else the organisation's settings file, else the default. Throws
 * a Problem for an invalid value, with its source.
 */
export function debuggerSettings(
  flags: Partial<DebuggerValues>,
  env: NodeJS.ProcessEnv = process.env,
): DebuggerSettings {
  const texts = { ...readFile(env), ...readVariables(env) };
  const types = DEBUGGER_GROUP.flags;
  const nodeNamespace = flags['node-namespace'] || texts.nodeNamespace?.text;
  return {
    image: flags.image || texts.image?.text || DEFAULT_IMAGE,
    pullPolicy:
      flags['image-pull-policy'] ??
      read(types['image-pull-policy'].value, texts.imagePullPolicy) ??
      'IfNotPresent',
    ttl: Math.ceil(
      flags.ttl ?? read(types.ttl.value, texts.ttl) ?? types.ttl.value.parse(DEFAULT_TTL),
    ),
    via: flags.via ?? read(types.via.value, texts.via) ?? 'auto',
    ...(nodeNamespace !== undefined && { nodeNamespace }),
  };
}

function read<T>(type: ValueType<T>, sourced: Sourced | undefined): T | undefined {
  if (!sourced) return undefined;
  try {
    return type.parse(sourced.text);
  } catch (error) {
    throw wrongUsage(`invalid value "${sourced.text}" for ${sourced.source}: ${messageOf(error)}`);
  }
}

function readVariables(env: NodeJS.ProcessEnv): Source {
  const given = KEYS.flatMap((key) => {
    const source = VARIABLES[key];
    const text = env[source];
    return text ? [[key, { text, source }] as const] : [];
  });
  return Object.fromEntries(given);
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
    throw new Problem(`cannot read the settings file ${path}: ${messageOf(error)}`, {
      kind: 'configuration',
    });
  }
  const known: readonly string[] = KEYS;
  const settings: Source = {};
  for (const [key, value] of Object.entries(parse(path, source))) {
    if (!known.includes(key))
      throw new Problem(`${path}: unknown setting "${key}"`, {
        kind: 'configuration',
        next: [`known settings: ${KEYS.join(', ')}`],
      });
    if (typeof value === 'object' && value !== null)
      throw new Problem(`${path}: ${key} must be a single value, as in "${key}: value"`, {
        kind: 'configuration',
      });
    if (value !== null && value !== '')
      settings[key as Key] = { text: String(value), source: `${key} in ${path}` };
  }
  return settings;
}

function parse(path: string, source: string): object {
  try {
    const document = loadAll(source)[0] ?? {};
    if (typeof document === 'object' && !Array.isArray(document)) return document;
  } catch (error) {
    throw new Problem(`${path}: ${messageOf(error)}`, { kind: 'configuration' });
  }
  throw new Problem(`${path}: expected lines of the form "name: value"`, { kind: 'configuration' });
}
