import { readFileSync } from 'node:fs';

/** A row of a Zeek log, by field name; unset fields are omitted. */
export type ZeekRow = ReadonlyMap<string, string>;

export function readZeekLog(path: string): ZeekRow[] {
  let fields: string[] = [];
  const rows: ZeekRow[] = [];
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    if (line.startsWith('#fields')) fields = line.split('\t').slice(1);
    if (line === '' || line.startsWith('#')) continue;
    const values = line.split('\t');
    // Some logs lack the line with the field names.
    if (fields.length === 0) return [];
    const row = fields.map((field, index): [string, string] => [field, values[index] ?? '-']);
    rows.push(new Map(row.filter(([, value]) => value !== '-' && value !== '(empty)')));
  }
  return rows;
}
