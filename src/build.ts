/** Of which source the program was built, and when: the date of that source, as Go writes it. */
interface Build {
  readonly commit: string;
  readonly treeState: string;
  readonly date: string;
}

// The bundler puts values in place of these names. The source run as it is has none.
declare const NETDEBUG_BUILD: Build | null;
declare const NETDEBUG_HELP: Readonly<Record<number, string>>;
declare const NETDEBUG_COMPLETION: string;

export const build: Build | null = typeof NETDEBUG_BUILD === 'undefined' ? null : NETDEBUG_BUILD;

/** The help of the program as a whole, written by the build from the code, by width. */
export const helpByWidth: Readonly<Record<number, string>> =
  typeof NETDEBUG_HELP === 'undefined' ? {} : NETDEBUG_HELP;

/** What completion knows of the commands (a CompletionTable, as JSON), made by the build from the code. */
export const completionTable: string =
  typeof NETDEBUG_COMPLETION === 'undefined' ? '[]' : NETDEBUG_COMPLETION;
