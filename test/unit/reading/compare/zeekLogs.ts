import { readFileSync } from 'node:fs';

/** A row of a Zeek log, by the names of its fields; what is unset is left out. */
export type ZeekRow = ReadonlyMap<string, string>;

export function readZeekLog(path: string): ZeekRow[] {
  let fields: string[] = [];
  const rows: ZeekRow[] = [];
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    if (line.startsWith('#fields')) fields = line.split('\t').slice(1);
    if (line === '' || line.startsWith('#')) continue;
    const values = line.split('\t');
    // Some logs are kept without the line that names their fields.
    if (fields.length === 0) return [];
    const row = fields.map((field, index): [string, string] => [field, values[index] ?? '-']);
    rows.push(new Map(row.filter(([, value]) => value !== '-' && value !== '(empty)')));
  }
  return rows;
}
