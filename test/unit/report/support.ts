import { Readable } from 'node:stream';
import { inflateRawSync } from 'node:zlib';
import { type CaptureSource, summarize } from '../../../src/reading/summary.ts';
import { ReportCollector } from '../../../src/report/collect/reportCollector.ts';
import type { ManifestFacts } from '../../../src/report/manifests.ts';
import type { PacketColumns, ReportData } from '../../../src/report/model.ts';
import { renderReport } from '../../../src/report/report.ts';

export interface MadeReport {
  readonly page: string;
  readonly data: ReportData;
  readonly packets: PacketColumns;
}

/** The report of captures, by label. */
export async function reportOf(
  captures: Readonly<Record<string, Buffer>>,
  manifests: readonly ManifestFacts[] = [],
): Promise<MadeReport> {
  const collector = new ReportCollector();
  const sources: CaptureSource[] = Object.entries(captures).map(([label, bytes]) => ({
    label,
    paths: [],
    stream: Readable.from([bytes]),
  }));
  const summary = await summarize(sources, { collector });
  const parts = { summary, collector, sources, manifests, now: new Date(0) };
  const page = [...renderReport(parts)].join('');
  return {
    page,
    data: dataIn<ReportData>(page, 'report-data'),
    packets: dataIn<PacketColumns>(page, 'report-packets'),
  };
}

function dataIn<Content>(page: string, id: string): Content {
  const encoded = page.match(new RegExp(`id="${id}">([^<]*)<`))?.[1] ?? '';
  return JSON.parse(inflateRawSync(Buffer.from(encoded, 'base64')).toString()) as Content;
}
