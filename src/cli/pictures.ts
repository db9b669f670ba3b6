import { checkWritable, FileOutput } from '../output/fileOutput.ts';
import { WriteFailure } from '../output/output.ts';
import { wrongUsage } from '../problem.ts';
import type { NetworkFinding } from '../topology/findings/finding.ts';
import { pictureOf } from '../topology/picture/picture.ts';
import { renderPicturePage } from '../topology/picture/renderPicturePage.ts';
import { renderSvg } from '../topology/picture/renderSvg.ts';
import type { PathTrace } from '../topology/trace/tracePath.ts';
import { note } from './console.ts';
import type { PictureValues } from './flags/picture.ts';

/** Checks that the files can be written before anything is read from the cluster. */
export async function checkPictureFlags(
  flags: PictureValues & { readonly output?: string | undefined },
): Promise<void> {
  const { svg, html, force, mermaid, output } = flags;
  if (mermaid && output !== undefined) throw wrongUsage('--mermaid and -o cannot be combined');
  if (svg !== undefined && svg === html) throw wrongUsage('--svg and --html name the same file');
  for (const file of [svg, html]) if (file !== undefined) await checkWritable(file, force);
}

/** Writes the pictures that the flags name. Only the user can read them. */
export async function writePictures(
  { svg, html, force }: PictureValues,
  trace: PathTrace,
  findings: readonly NetworkFinding[],
): Promise<void> {
  if (svg === undefined && html === undefined) return;
  const picture = pictureOf(trace, findings);
  if (svg !== undefined) await write(svg, [renderSvg(picture)], force);
  if (html !== undefined) await write(html, renderPicturePage(picture), force);
}

async function write(path: string, chunks: Iterable<string>, force: boolean): Promise<void> {
  const file = new FileOutput(path, force);
  try {
    for (const chunk of chunks) await file.write(Buffer.from(chunk));
  } catch (error) {
    throw error instanceof WriteFailure ? error.problem : error;
  } finally {
    await file.close();
  }
  note(`written: ${path}`);
}
