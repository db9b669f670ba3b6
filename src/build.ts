/** Of which source the program was built, and when: the date of that source, as Go writes it. */
interface Build {
  readonly commit: string;
  readonly treeState: string;
  readonly date: string;
}

// The build puts JSON in place of these names. The source run as it is has none.
declare const NETDEBUG_BUILD: string;
declare const NETDEBUG_HELP: string;

export const build: Build | null =
  typeof NETDEBUG_BUILD === 'undefined' ? null : JSON.parse(NETDEBUG_BUILD);

/** The help of the program as a whole, written by the build from the code, by width. */
export const helpByWidth: Readonly<Record<number, string>> =
  typeof NETDEBUG_HELP === 'undefined' ? {} : JSON.parse(NETDEBUG_HELP);
