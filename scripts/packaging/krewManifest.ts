/** The values for the manifest's template. */
export interface Release {
  readonly version: string;
  /** The project's page. Archives are found under its releases. */
  readonly repository: string;
  /** A comment for the first line of the file. */
  readonly notice: string;
  /** The sha256 of an archive of the release. Throws if the archive does not exist. */
  sumOf(archive: string): string;
}

/** Replaces `${version}`, `${repository}`, `${notice}`, and the `${uri …}` and `${sha256 …}` of archives. */
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
