import { helpByWidth } from './build.ts';
import { helpWidth } from './cli/helpWidth.ts';
import { versionText } from './version.ts';

/** Handles simple commands before loading anything else: most of a short command's time is start-up. */
async function main(args: readonly string[]): Promise<number> {
  const answer = quickAnswer(args);
  if (answer !== undefined) {
    process.stdout.write(answer);
    return 0;
  }
  if (args[0] === '__complete') return answerShell(args.slice(1));
  if (args[0] === '__extcap') {
    const { extcapProgram } = await import('./cli/extcap/extcapProgram.ts');
    return extcapProgram(args.slice(1));
  }
  const { runCommandLine } = await import('./cli/commandLine.ts');
  return runCommandLine(args);
}

/** Completes the typed words. Then exits without waiting for what is still running, such as a credential plugin. */
async function answerShell(words: readonly string[]): Promise<number> {
  const { completeCommand } = await import('./cli/completion/completeCommand.ts');
  const answer = await completeCommand(words);
  await new Promise((resolve) => process.stdout.write(answer, resolve));
  process.exit(0);
}

function quickAnswer(args: readonly string[]): string | undefined {
  if (args.length > 1) return undefined;
  const [word = '--help'] = args;
  if (word === '--version' || word === 'version') return `${versionText()}\n`;
  return word === '--help' || word === '-h' ? helpByWidth[helpWidth(process.stdout)] : undefined;
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
