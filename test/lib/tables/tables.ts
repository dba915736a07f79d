// Byte sources of texts, and tables as lists of rows, for the tests of lib/tables.
import type { ByteSource, Table, Value } from "../../../lib/tables/index.ts";

/** A source of these bytes, which counts its reads. */
export function bytes(content: string | Uint8Array, name: string): ByteSource & { reads: number } {
  const all = Buffer.from(content as string);
  return {
    ...{ name, size: all.length, reads: 0 },
    async read(offset, count) {
      this.reads++;
      if (offset + count > all.length) throw new RangeError(`${offset} + ${count} of ${all.length}`);
      return all.subarray(offset, offset + count);
    },
  };
}

/** All rows as objects, what is malformed, and the batches' sizes. */
export async function everything(table: Table) {
  const rows: Record<string, Value>[] = [];
  const malformed: string[] = [];
  const batches: number[] = [];
  let columns: string[] = [];
  for await (const batch of table.batches()) {
    batches.push(batch.rows);
    columns = batch.columns.map(({ name }) => name);
    if (batch.firstMalformed)
      malformed.push(`${batch.malformed} from line ${batch.firstMalformed.line}: ${batch.firstMalformed.why}`);
    const made = Array.from({ length: batch.rows }, (): Record<string, Value> => ({}));
    for (const [index, { name }] of batch.columns.entries()) {
      let at = 0;
      for await (const page of batch.values(index)) {
        for (let row = 0; row < page.length; row++) {
          const into = made[at++];
          if (into) into[name] = page[row] ?? null;
        }
      }
    }
    for (const row of made) rows.push(row);
  }
  return { rows, columns, malformed, batches };
}
