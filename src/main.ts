import { helpByWidth } from './build.ts';
import { helpWidth } from './cli/helpWidth.ts';
import { versionText } from './version.ts';

/** Handles simple commands before loading anything else: most of a short command's time is start-up. */
async function main(args: readonly string[]): Promise<number> {
  const answer = answerWithoutCommand(args);
  if (answer !== undefined) {
    process.stdout.write(answer);
    return 0;
  }
  if (args[0] === '__complete') return answerCompletion(args.slice(1));
  if (args[0] === '__extcap') {
    const { extcapProgram } = await import('./cli/extcap/extcapProgram.ts');
    return extcapProgram(args.slice(1));
  }
  const { runCommandLine } = await import('./cli/commandLine.ts');
  return runCommandLine(args);
}

/** Completes the typed words. Then exits without waiting for what is still running, such as a credential plugin. */
async function answerCompletion(args: readonly string[]): Promise<number> {
  const { completeCommand } = await import('./cli/completion/completeCommand.ts');
  const answer = await completeCommand(args);
  await new Promise((resolve) => process.stdout.write(answer, resolve));
  process.exit(0);
}

function answerWithoutCommand(args: readonly string[]): string | undefined {
  if (args.length > 1) return undefined;
  const [arg = '--help'] = args;
  if (arg === '--version' || arg === 'version') return `${versionText()}\n`;
  return arg === '--help' || arg === '-h' ? helpByWidth[helpWidth(process.stdout)] : undefined;
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
