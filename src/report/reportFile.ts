import { open, rm } from 'node:fs/promises';
import type { CaptureSource, Summary } from '../reading/summary.ts';
import { localProblem } from '../transfer/localProblem.ts';
import { placeFile } from '../transfer/placeFile.ts';
import { ReportCollector } from './collect/reportCollector.ts';
import { manifestsOf } from './manifests.ts';
import { renderReport } from './report.ts';

/**
 * Writes a report to a file that only its owner can read. The file gets its name when it is complete. The report's
 * collector takes part in the summary.
 */
export class ReportFile {
  readonly collector = new ReportCollector();
  readonly #path: string;
  readonly #force: boolean;

  constructor(path: string, force: boolean) {
    this.#path = path;
    this.#force = force;
  }

  /** Writes the report. Throws a Problem if the file cannot be written. */
  async write(summary: Summary, sources: readonly CaptureSource[]): Promise<void> {
    const { collector } = this;
    const manifests = await manifestsOf(sources);
    const chunks = renderReport({ summary, collector, sources, manifests, now: new Date() });
    const partPath = `${this.#path}.part`;
    try {
      await rm(partPath, { force: true });
      const file = await open(partPath, 'wx', 0o600);
      try {
        for (const chunk of chunks) await file.appendFile(chunk);
        await file.datasync();
      } finally {
        await file.close();
      }
    } catch (error) {
      await rm(partPath, { force: true });
      throw localProblem(this.#path, error);
    }
    await placeFile(partPath, this.#path, this.#force);
  }
}
