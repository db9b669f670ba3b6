/** The source that the program was built from, and the date of that source in Go's format. */
interface Build {
  readonly commit: string;
  readonly treeState: string;
  readonly date: string;
}

// The build replaces these names with JSON. They are not defined when the source runs directly.
declare const NETDEBUG_BUILD: string;
declare const NETDEBUG_HELP: string;

export const build: Build | null =
  typeof NETDEBUG_BUILD === 'undefined' ? null : JSON.parse(NETDEBUG_BUILD);

/** The help of the whole program by width, created by the build. */
export const helpByWidth: Readonly<Record<number, string>> =
  typeof NETDEBUG_HELP === 'undefined' ? {} : JSON.parse(NETDEBUG_HELP);
