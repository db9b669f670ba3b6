// The build puts the value in place of this name; in a module of its own, since no other command needs so long a text.
declare const NETDEBUG_COMPLETION: string;

/** What completion knows of the commands (a CompletionTable, as JSON), made by the build from the code. */
export const completionTable: string =
  typeof NETDEBUG_COMPLETION === 'undefined' ? '[]' : NETDEBUG_COMPLETION;
