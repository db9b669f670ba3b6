import { machine, release, type } from 'node:os';
import { versionText } from '../version.ts';
import type { SectionDescription } from './pcapngBlocks.ts';

/** What a file says about the program and the computer that wrote it. */
export function sectionOfThisComputer(comment?: string): SectionDescription {
  return {
    application: versionText(),
    hardware: machine(),
    os: `${type()} ${release()}`,
    ...(comment !== undefined && { comment }),
  };
}
