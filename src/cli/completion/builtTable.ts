// The build replaces this name with the value. It has its own module because no other command needs such a long text.
declare const NETDEBUG_COMPLETION: string;

/** What completion knows about the commands, as `writeTable` wrote it in the build. */
export const completionTable: string =
  typeof NETDEBUG_COMPLETION === 'undefined' ? '{"flags":[],"commands":[]}' : NETDEBUG_COMPLETION;
