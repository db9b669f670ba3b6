/** What the template of the manifest is filled with. */
export interface Release {
  readonly version: string;
  /** The project's page; archives lie under its releases. */
  readonly repository: string;
  /** What is said of the file in its first line. */
  readonly notice: string;
  /** The sha256 of an archive of the release; throws when there is no such archive. */
  sumOf(archive: string): string;
}

/** Fills `${version}`, `${repository}`, `${notice}`, and `${uri …}` and `${sha256 …}` of archives. */
export function krewManifest(template: string, release: Release): string {
  const { version, repository, notice, sumOf } = release;
  const values: Readonly<Record<string, string>> = { version, repository, notice };
  return template.replace(/\$\{(\w+)(?: (\S+))?\}/g, (whole, word: string, suffix?: string) => {
    const archive = `kubectl-netdebug_${version}_${suffix}`;
    if (word === 'uri') return `${repository}/releases/download/${version}/${archive}`;
    const value = word === 'sha256' ? sumOf(archive) : values[word];
    if (value === undefined) throw new Error(`the template of the krew manifest has ${whole}`);
    return value;
  });
}
