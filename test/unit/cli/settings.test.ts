import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { debuggerSettings } from '../../../src/cli/settings.ts';
import { DEFAULT_IMAGE } from '../../../src/debugger/image.ts';
import { Problem } from '../../../src/problem.ts';

/** Environment variables with which the settings file contains `text`; undefined for no file. */
function withFile(text: string | undefined): { XDG_CONFIG_HOME: string; path: string } {
  const folder = mkdtempSync(join(tmpdir(), 'netdebug-settings-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'kubectl-netdebug', 'config.yaml');
  if (text !== undefined) {
    mkdirSync(join(folder, 'kubectl-netdebug'));
    writeFileSync(path, text);
  }
  return { XDG_CONFIG_HOME: folder, path };
}

const FILE =
  'image: of-file\nimagePullPolicy: Never\nttl: 2h\nvia: ephemeral\nnodeNamespace: debug\n';
const VARIABLES = {
  NETDEBUG_IMAGE: 'of-variable',
  NETDEBUG_IMAGE_PULL_POLICY: 'Always',
  NETDEBUG_TTL: '3h',
  NETDEBUG_VIA: 'node',
  NETDEBUG_NODE_NAMESPACE: 'of-variable',
};

function problemOf(env: NodeJS.ProcessEnv, flags = {}): Problem {
  try {
    debuggerSettings(flags, env);
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

/** A problem that says that `what` in the settings file is wrong. */
function wrongFile(what: string) {
  return { kind: 'configuration', message: expect.stringContaining(what) };
}

describe('each setting comes from', () => {
  it('the default', () => {
    expect(debuggerSettings({}, withFile(undefined))).toEqual({
      image: DEFAULT_IMAGE,
      pullPolicy: 'IfNotPresent',
      ttl: 8 * 3600,
      via: 'auto',
    });
    expect(DEFAULT_IMAGE).toMatch(/:[\w.-]+@sha256:[0-9a-f]{64}$/);
  });

  it('the file before the default', () => {
    expect(debuggerSettings({}, withFile(FILE))).toEqual({
      image: 'of-file',
      pullPolicy: 'Never',
      ttl: 7200,
      via: 'ephemeral',
      nodeNamespace: 'debug',
    });
    expect(debuggerSettings({}, withFile('image: own\n'))).toMatchObject({
      image: 'own',
      ttl: 8 * 3600,
    });
  });

  it('the variable before the file', () => {
    expect(debuggerSettings({}, { ...withFile(FILE), ...VARIABLES })).toEqual({
      image: 'of-variable',
      pullPolicy: 'Always',
      ttl: 3 * 3600,
      via: 'node',
      nodeNamespace: 'of-variable',
    });
  });

  it('the flag before everything', () => {
    const flags = {
      image: 'of-flag',
      'image-pull-policy': 'IfNotPresent',
      ttl: 90,
      via: 'auto',
    } as const;
    expect(debuggerSettings(flags, { ...withFile(FILE), ...VARIABLES })).toEqual({
      image: 'of-flag',
      pullPolicy: 'IfNotPresent',
      ttl: 90,
      via: 'auto',
      nodeNamespace: 'of-variable',
    });
  });

  it('the next source if one is empty', () => {
    const env = { ...withFile('image: of-file\nttl:\n'), NETDEBUG_IMAGE: '', NETDEBUG_CONFIG: '' };
    expect(debuggerSettings({}, env)).toMatchObject({ image: 'of-file', ttl: 8 * 3600 });
  });

  it('a file named by a variable, which must exist', () => {
    const { path } = withFile(FILE);
    expect(debuggerSettings({}, { NETDEBUG_CONFIG: path }).image).toBe('of-file');
    expect(problemOf({ NETDEBUG_CONFIG: '/no/such' })).toMatchObject(wrongFile('/no/such'));
  });
});

describe('a settings file', () => {
  it.each(['', '# nothing yet\n', '---\n', '{}'])('may be empty: %j', (text) => {
    expect(debuggerSettings({}, withFile(text)).image).toBe(DEFAULT_IMAGE);
  });

  it('must not have an unknown setting', () => {
    const env = withFile('image: x\nimagepullpolicy: Never\n');
    const problem = problemOf(env);
    expect(problem).toMatchObject(wrongFile('"imagepullpolicy"'));
    expect(problem.message).toContain(env.path);
    expect(problem.next).toEqual([
      'known settings: image, imagePullPolicy, ttl, via, nodeNamespace',
    ]);
    expect(problemOf(withFile('__proto__: 1\n'))).toMatchObject(wrongFile('"__proto__"'));
  });

  it.each(['image: [', '\tx: 1', 'a: 1\na: 2'])('must be YAML: %j', (text) => {
    const env = withFile(text);
    expect(problemOf(env)).toMatchObject(wrongFile(env.path));
  });

  it.each(['- image', 'just text', '3'])('must be a mapping: %j', (text) => {
    const env = withFile(text);
    expect(problemOf(env)).toMatchObject(wrongFile(env.path));
  });

  it('must not have an invalid value', () => {
    expect(problemOf(withFile('image: {name: x}\n'))).toMatchObject(wrongFile('image'));
    const env = withFile('imagePullPolicy: Sometimes\n');
    expect(problemOf(env).message).toBe(
      `invalid value "Sometimes" for imagePullPolicy in ${env.path}: must be one of: Always, IfNotPresent, Never`,
    );
    expect(problemOf({ ...withFile(''), NETDEBUG_TTL: 'soon' }).message).toMatch(
      /^invalid value "soon" for NETDEBUG_TTL: /,
    );
    expect(problemOf(withFile('ttl: soon\n')).exitCode).toBe(2);
  });

  it('cannot set a ttl below a second', () => {
    expect(debuggerSettings({ ttl: 0.1 }, withFile(undefined)).ttl).toBe(1);
  });
});
