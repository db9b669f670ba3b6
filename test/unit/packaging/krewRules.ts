/** A selector of platforms, as far as plugins use it: krew supports os and arch. */
interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>> | null;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
    readonly values?: readonly string[];
  }[];
}

/** A platform of a krew manifest, as read from YAML: any field may be missing. */
export interface KrewPlatform {
  readonly uri?: string;
  readonly sha256?: string;
  readonly bin?: string;
  readonly files?: readonly { readonly from?: string; readonly to?: string }[] | null;
  readonly selector?: Selector | null;
}

/** A krew manifest, as read from YAML. */
export interface KrewManifest {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: { readonly name?: string };
  readonly spec?: {
    readonly version?: string;
    readonly homepage?: string;
    readonly shortDescription?: string;
    readonly description?: string;
    readonly caveats?: string;
    readonly platforms?: readonly KrewPlatform[];
  };
}

const API_VERSION = 'krew.googlecontainertools.github.com/v1alpha2';
const WINDOWS_DEVICES = /^(con|prn|aux|nul|com[1-9]|lpt[1-9])$/i;
/** The regular expression of semver.org, after the "v" that krew requires. */
const VERSION =
  /^v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?$/;

/** The systems with krew binaries. */
const SYSTEMS = ['windows/386', 'windows/amd64', 'linux/386', 'linux/amd64', 'linux/arm'].concat(
  ...['linux/arm64', 'linux/ppc64le', 'darwin/386', 'darwin/amd64', 'darwin/arm64'],
);

/**
 * The violations that krew's ValidatePlugin and validate-krew-manifest would report, and what krew-index requires
 * beyond them (a licence among the files, a homepage); empty for a good manifest.
 */
export function krewViolations(name: string, manifest: KrewManifest): string[] {
  const { spec = {} } = manifest;
  const { platforms = [], shortDescription = '' } = spec;
  const rules: [boolean, string][] = [
    [manifest.apiVersion === API_VERSION, 'apiVersion'],
    [manifest.kind === 'Plugin', 'kind'],
    [/^[\w-]+$/.test(name) && !WINDOWS_DEVICES.test(name), 'unsafe name'],
    [manifest.metadata?.name === name, 'name is not that of the file'],
    [shortDescription !== '', 'no shortDescription'],
    [!/[\r\n]/.test(shortDescription), 'shortDescription has line breaks'],
    [linesFit(shortDescription, 70), 'shortDescription is too long'],
    [linesFit(spec.description ?? '', 80), 'description is too wide'],
    [linesFit(spec.caveats ?? '', 80), 'caveats are too wide'],
    [VERSION.test(spec.version ?? ''), 'version is not semantic'],
    [/^https:\/\//.test(spec.homepage ?? ''), 'no homepage'],
    [platforms.length > 0, 'no platforms'],
  ];
  return [
    ...broken(rules),
    ...platforms.flatMap((platform, index) =>
      platformViolations(platform).map((rule) => `platforms[${index}]: ${rule}`),
    ),
    ...overlaps(platforms),
  ];
}

function platformViolations(platform: KrewPlatform): string[] {
  const { uri = '', sha256 = '', bin = '', files, selector } = platform;
  const keys = [
    ...Object.keys(selector?.matchLabels ?? {}),
    ...(selector?.matchExpressions ?? []).map(({ key }) => key),
  ];
  const windows = systemsOf(platform).some((system) => system.startsWith('windows'));
  return broken([
    [uri !== '', 'no uri'],
    [/\.(zip|tar\.gz)$/.test(uri), 'uri is no .zip or .tar.gz'],
    [/^[a-f0-9]{64}$/.test(sha256), 'sha256'],
    [bin !== '', 'no bin'],
    [windows === bin.endsWith('.exe'), 'bin ends in .exe on Windows, and there only'],
    [files === undefined || files === null || files.length > 0, 'files is empty'],
    [(files ?? []).every(({ from, to }) => from && to), 'files without from or to'],
    [(files ?? []).every(({ to = '' }) => isClean(to)), 'files with a path that is not clean'],
    [!files || files.some(({ from }) => /^LICENSE|^\*/.test(from ?? '')), 'no LICENSE in files'],
    [!files || files.some(({ from }) => from === bin || from === '*'), 'bin is not in files'],
    [keys.length > 0, 'empty selector'],
    [selector?.matchExpressions?.length !== 0, 'matchExpressions is empty'],
    [
      !selector?.matchLabels || Object.keys(selector.matchLabels).length > 0,
      'matchLabels is empty',
    ],
    [keys.every((key) => key === 'os' || key === 'arch'), 'a key other than os and arch'],
    [systemsOf(platform).length > 0, 'a selector that selects no system'],
  ]);
}

function overlaps(platforms: readonly KrewPlatform[]): string[] {
  return SYSTEMS.filter(
    (system) => platforms.filter((platform) => systemsOf(platform).includes(system)).length > 1,
  ).map((system) => `several platforms select ${system}`);
}

/** The krew systems that a platform selects. */
export function systemsOf({ selector }: KrewPlatform): string[] {
  return SYSTEMS.filter((system) => {
    const [os = '', arch = ''] = system.split('/');
    const labels: Readonly<Record<string, string>> = { os, arch };
    const { matchLabels, matchExpressions = [] } = selector ?? {};
    return (
      Object.entries(matchLabels ?? {}).every(([key, value]) => labels[key] === value) &&
      matchExpressions.every(({ key, operator, values = [] }) => {
        if (operator === 'Exists' || operator === 'DoesNotExist')
          return key in labels === (operator === 'Exists');
        return values.includes(labels[key] ?? '') === (operator === 'In');
      })
    );
  });
}

/** As returned by Go's filepath.Clean: no empty, "." or ".." part, except a single ".". */
function isClean(path: string): boolean {
  return path === '.' || path.split('/').every((part) => !['', '.', '..'].includes(part));
}

/** A line may be too long only if it is one word. */
function linesFit(text: string, width: number): boolean {
  return text.split('\n').every((line) => line.length <= width || !line.trim().includes(' '));
}

function broken(rules: readonly (readonly [boolean, string])[]): string[] {
  return rules.filter(([kept]) => !kept).map(([, rule]) => rule);
}
