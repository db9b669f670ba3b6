import { machine, release, type } from 'node:os';
import { versionText } from '../version.ts';
import type { SectionDescription } from './pcapngBlocks.ts';

/** Describes this program and this computer as the writer of a file. */
export function localSection(comment?: string): SectionDescription {
  return {
    application: versionText(),
    hardware: machine(),
    os: `${type()} ${release()}`,
    ...(comment !== undefined && { comment }),
  };
}
