/** What the end of a help says: commands, without the program's name, and before each what it does. */
export function examples(all: readonly (readonly [command: string, what: string])[]): string {
  const lines = all.flatMap(([command, what]) => [`  # ${what}`, `  $0 ${command}`]);
  return ['Examples:', ...lines].join('\n');
}
