import { NtExecutable, NtExecutableResource, Resource } from 'resedit';

/** US English and Unicode, the language and code page of Node's own resource. */
const LANGUAGE = { lang: 1033, codepage: 1200 };

export interface ProgramVersion {
  /** Three numbers separated by dots. */
  readonly version: string;
  readonly name: string;
  readonly description: string;
  /** The name of the file. */
  readonly file: string;
}

/** The Windows program with the name and version of netdebug in its version resource, instead of Node's. */
export function withPeVersion(
  program: Buffer,
  { version, name, description, file }: ProgramVersion,
): Buffer {
  const executable = NtExecutable.from(program);
  const resources = NtExecutableResource.from(executable);
  const [info] = Resource.VersionInfo.fromEntries(resources.entries);
  if (!info) throw new Error('the Windows program of Node has no version resource');
  info.removeAllStringValues(LANGUAGE);
  info.setFileVersion(version);
  info.setProductVersion(version);
  info.setStringValues(LANGUAGE, {
    FileDescription: description,
    FileVersion: version,
    InternalName: name,
    LegalCopyright: 'Apache-2.0; contains Node.js, see THIRD-PARTY-NOTICES',
    OriginalFilename: file,
    ProductName: name,
    ProductVersion: version,
  });
  info.outputToResourceEntries(resources.entries);
  resources.outputResource(executable);
  return Buffer.from(executable.generate());
}
