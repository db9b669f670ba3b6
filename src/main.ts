import { versionText } from './version.ts';

/**
 * Answers what needs nothing loaded, and only then loads the rest: most of a short command's time
 * is start-up.
 */
async function main(args: readonly string[]): Promise<number> {
  if (args.length === 1 && (args[0] === '--version' || args[0] === 'version')) {
    process.stdout.write(`${versionText()}\n`);
    return 0;
  }
  const { runCommandLine } = await import('./cli/commandLine.ts');
  return runCommandLine(args);
}

main(process.argv.slice(2)).then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exitCode = 1;
  },
);
