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
interface SourcedText {
  readonly text: string;
  readonly source: string;
}
type SettingTexts = Partial<Record<Key, SourcedText>>;

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
  const texts = { ...readSettingsFile(env), ...readVariables(env) };
  const types = DEBUGGER_GROUP.flags;
  const nodeNamespace = flags['node-namespace'] || texts.nodeNamespace?.text;
  return {
    image: flags.image || texts.image?.text || DEFAULT_IMAGE,
    pullPolicy:
      flags['image-pull-policy'] ??
      parseSetting(types['image-pull-policy'].value, texts.imagePullPolicy) ??
      'IfNotPresent',
    ttl: Math.ceil(
      flags.ttl ?? parseSetting(types.ttl.value, texts.ttl) ?? types.ttl.value.parse(DEFAULT_TTL),
    ),
    via: flags.via ?? parseSetting(types.via.value, texts.via) ?? 'auto',
    ...(nodeNamespace !== undefined && { nodeNamespace }),
  };
}

function parseSetting<T>(type: ValueType<T>, setting: SourcedText | undefined): T | undefined {
  if (!setting) return undefined;
  try {
    return type.parse(setting.text);
  } catch (error) {
    throw wrongUsage(`invalid value "${setting.text}" for ${setting.source}: ${messageOf(error)}`);
  }
}

function readVariables(env: NodeJS.ProcessEnv): SettingTexts {
  const entries = KEYS.flatMap((key) => {
    const source = VARIABLES[key];
    const text = env[source];
    return text ? [[key, { text, source }] as const] : [];
  });
  return Object.fromEntries(entries);
}

/** The settings file: $NETDEBUG_CONFIG, else kubectl-netdebug/config.yaml in the user's config folder. */
function readSettingsFile(env: NodeJS.ProcessEnv): SettingTexts {
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
  const keys: readonly string[] = KEYS;
  const settings: SettingTexts = {};
  for (const [key, value] of Object.entries(parseSettingsFile(path, source))) {
    if (!keys.includes(key))
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

function parseSettingsFile(path: string, source: string): object {
  try {
    const document = loadAll(source)[0] ?? {};
    if (typeof document === 'object' && !Array.isArray(document)) return document;
  } catch (error) {
    throw new Problem(`${path}: ${messageOf(error)}`, { kind: 'configuration' });
  }
  throw new Problem(`${path}: expected lines of the form "name: value"`, { kind: 'configuration' });
}
