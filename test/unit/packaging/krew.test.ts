import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import packageJson from '../../../package.json' with { type: 'json' };
import { krewManifest } from '../../../scripts/packaging/krewManifest.ts';
import { PLATFORMS } from '../../../scripts/packaging/platforms.ts';
import { type KrewManifest, krewViolations, systemsOf } from './krewRules.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const template = readFileSync(join(root, 'krew', 'template.yaml'), 'utf8');
const release = {
  version: 'v1.2.3',
  repository: 'https://example.org/netdebug',
  notice: 'Made by a test.',
  sumOf: (archive: string) => Buffer.from(archive).toString('hex').padEnd(64, '0').slice(-64),
};
const filled = load(krewManifest(template, release)) as KrewManifest;

describe('the krew manifest', () => {
  it('follows the rules of krew and krew-index', () => {
    expect(krewViolations('netdebug', filled)).toEqual([]);
  });

  it('contains every system with a binary, each once', () => {
    const systems = filled.spec?.platforms?.flatMap(systemsOf) ?? [];
    expect(systems).toEqual(PLATFORMS.map(({ os, arch }) => `${os}/${arch}`));
  });

  it('has the version, address and checksum of every archive', () => {
    const [first] = filled.spec?.platforms ?? [];
    const archive = 'kubectl-netdebug_v1.2.3_linux_amd64.tar.gz';
    expect(filled.spec?.version).toBe('v1.2.3');
    expect(first?.uri).toBe(`https://example.org/netdebug/releases/download/v1.2.3/${archive}`);
    expect(first?.sha256).toBe(release.sumOf(archive));
  });

  it('refuses a template with unknown words', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: so are the words of the template.
    expect(() => krewManifest('${sha265 x}', release)).toThrow('sha265');
  });

  it('is in plugin.yaml, filled in for this version', () => {
    const plugin = load(readFileSync(join(root, 'plugin.yaml'), 'utf8')) as KrewManifest;
    expect(krewViolations('netdebug', plugin)).toEqual([]);
    expect(plugin.spec?.version).toBe(`v${packageJson.version}`);
    const known = filled.spec?.platforms?.map(({ bin, files, selector }) => ({
      bin,
      files,
      selector,
    }));
    expect(plugin.spec?.platforms).toMatchObject(known ?? []);
  });
});

describe('the rules of krew', () => {
  const [platform = {}, ...others] = filled.spec?.platforms ?? [];
  const withPlatform = (change: object): KrewManifest => ({
    ...filled,
    spec: { ...filled.spec, platforms: [{ ...platform, ...change }, ...others] },
  });
  const withSpec = (change: object): KrewManifest => ({
    ...filled,
    spec: { ...filled.spec, ...change },
  });

  it.each<[string, KrewManifest]>([
    ['apiVersion', { ...filled, apiVersion: 'v1' }],
    ['kind', { ...filled, kind: 'plugin' }],
    ['name is not', { ...filled, metadata: { name: 'other' } }],
    ['no shortDescription', withSpec({ shortDescription: undefined })],
    ['line breaks', withSpec({ shortDescription: 'a\nb' })],
    ['shortDescription is too long', withSpec({ shortDescription: 'word '.repeat(15) })],
    ['description is too wide', withSpec({ description: 'word '.repeat(17) })],
    ['version', withSpec({ version: '1.2.3' })],
    ['version', withSpec({ version: 'v1.2' })],
    ['version', withSpec({ version: 'v1.02.3' })],
    ['homepage', withSpec({ homepage: undefined })],
    ['no platforms', withSpec({ platforms: [] })],
    ['no uri', withPlatform({ uri: undefined })],
    ['.tar.gz', withPlatform({ uri: 'https://example.org/a.tar.xz' })],
    ['sha256', withPlatform({ sha256: 'A'.repeat(64) })],
    ['no bin', withPlatform({ bin: undefined })],
    ['.exe', withPlatform({ bin: 'kubectl-netdebug.exe' })],
    ['files is empty', withPlatform({ files: [] })],
    ['from or to', withPlatform({ files: [{ from: 'LICENSE' }] })],
    ['not clean', withPlatform({ files: [{ from: 'LICENSE', to: './' }] })],
    ['no LICENSE', withPlatform({ files: [{ from: 'kubectl-netdebug', to: '.' }] })],
    ['empty selector', withPlatform({ selector: undefined })],
    ['matchLabels is empty', withPlatform({ selector: { matchLabels: {} } })],
    ['other than os', withPlatform({ selector: { matchLabels: { cpu: 'x' } } })],
    ['selects no system', withPlatform({ selector: { matchLabels: { os: 'plan9' } } })],
    ['several platforms', withPlatform({ selector: { matchLabels: { os: 'linux' } } })],
  ])('refuse: %s', (rule, manifest) => {
    expect(krewViolations('netdebug', manifest).join('; ')).toContain(rule);
  });

  it('refuse names that are unsafe as files', () => {
    for (const name of ['a/b', 'COM1', '', 'a b'])
      expect(krewViolations(name, filled)).toContain('unsafe name');
  });
});
