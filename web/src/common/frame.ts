// A table in memory: columns that give a value, a text and, where it has one, a number for each row.

import { DataType, RecordBatch, RecordBatchReader, Table, type Field, type Vector } from "apache-arrow";
import { degrees, told, widen, type Bounds } from "./wkb";

export type Kind = "number" | "text" | "time" | "boolean" | "geometry" | "nested";

export interface Column {
  name: string;
  type: string;
  kind: Kind;
  text(row: number): string | null;
  /** For sorting and drawing: NaN where there is none. */
  number(row: number): number;
}

export interface Frame {
  columns: Column[];
  rows: number;
  /** Whether there was more than is kept here. */
  cut: boolean;
  bounds(): Bounds | null;
}

export const MOST_BYTES = 400e6;

/** Read an Arrow IPC stream. `progress` hears of bytes and rows as they come. */
export async function fromArrow(response: Response, progress: (bytes: number, rows: number) => void): Promise<Frame> {
  let bytes = 0, rows = 0, cut = false;
  const counted = response.body!.pipeThrough(new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) { bytes += chunk.byteLength; controller.enqueue(chunk); },
  }));
  const reader = await RecordBatchReader.from(counted as unknown as Promise<Response>);
  await reader.open();
  const batches: RecordBatch[] = [];
  for await (const batch of reader as AsyncIterable<RecordBatch>) {
    batches.push(batch);
    rows += batch.numRows;
    progress(bytes, rows);
    if (bytes > MOST_BYTES) { cut = true; break; }
  }
  if (cut) await reader.cancel();
  const table = new Table(reader.schema, batches);
  const columns = table.schema.fields.map((field, i) => fromVector(field, table.getChildAt(i)!));
  return { columns, rows: table.numRows, cut, bounds: () => boundsOf(table) };
}

/** Of records, as JSON gives them. */
export function fromRecords(records: Record<string, unknown>[]): Frame {
  const names = [...new Set(records.slice(0, 1000).flatMap(record => Object.keys(record)))];
  return { columns: names.map(name => fromValues(name, records)), rows: records.length, cut: false, bounds: () => null };
}

function fromValues(name: string, records: Record<string, unknown>[]): Column {
  const values = records.map(record => record[name]);
  const there = values.filter(value => value !== null && value !== undefined);
  const all = (type: string) => there.length > 0 && there.every(value => typeof value === type);
  const kind: Kind = all("number") ? "number" : all("boolean") ? "boolean" : there.some(value => typeof value === "object") ? "nested" : "text";
  return {
    name, kind, type: { number: "number", boolean: "bool", nested: "json", text: "text", time: "time", geometry: "geometry" }[kind],
    text: row => asText(values[row]),
    number: row => typeof values[row] === "number" ? values[row] as number : typeof values[row] === "boolean" ? Number(values[row]) : NaN,
  };
}

function fromVector(field: Field, vector: Vector): Column {
  const type = field.type as DataType;
  const value = (row: number) => vector.get(row) as unknown;
  const base = { name: field.name, type: nameOf(type), text: (row: number) => asText(value(row)), number: (_: number) => NaN };
  if ((field.metadata.get("ARROW:extension:name") ?? "").startsWith("geoarrow") || field.name === "geometry" && DataType.isBinary(type))
    return { ...base, type: "geometry", kind: "geometry", text: row => value(row) === null ? null : told(value(row) as Uint8Array) };
  if (DataType.isDecimal(type)) {
    const { scale } = type;
    const text = (row: number) => value(row) === null ? null : decimal(value(row) as Uint32Array, scale);
    return { ...base, kind: "number", text, number: row => { const t = text(row); return t === null ? NaN : Number(t); } };
  }
  if (DataType.isInt(type) || DataType.isFloat(type)) return { ...base, kind: "number", number: row => { const v = value(row); return v === null ? NaN : Number(v); } };
  if (DataType.isBool(type)) return { ...base, kind: "boolean", number: row => { const v = value(row); return v === null ? NaN : Number(v); } };
  if (DataType.isTimestamp(type) || DataType.isDate(type)) {
    const day = DataType.isDate(type);
    const number = (row: number) => { const v = value(row); return v === null ? NaN : Number(v); };
    return { ...base, kind: "time", number, text: row => { const n = number(row); return Number.isNaN(n) ? null : moment(n, day); } };
  }
  if (DataType.isUtf8(type) || DataType.isLargeUtf8(type) || DataType.isDictionary(type)) return { ...base, kind: "text" };
  return { ...base, kind: "nested" };
}

function moment(milliseconds: number, day: boolean): string {
  const date = new Date(milliseconds);
  if (Number.isNaN(date.getTime())) return String(milliseconds);
  const text = date.toISOString();
  return day ? text.slice(0, 10) : text.slice(0, 19).replace("T", " ") + (milliseconds % 1000 ? text.slice(19, 23) : "");
}

function nameOf(type: DataType): string {
  if (DataType.isUtf8(type) || DataType.isLargeUtf8(type)) return "text";
  if (DataType.isDictionary(type)) return "category";
  if (DataType.isTimestamp(type)) return type.timezone ? `time (${type.timezone})` : "time";
  if (DataType.isDate(type)) return "date";
  return String(type).toLowerCase().replace(/<.*$/s, "");
}

function asText(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") return String(value);
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  return JSON.stringify(value, (_, inner: unknown) => typeof inner === "bigint" ? Number(inner) : inner);
}

function decimal(words: Uint32Array, scale: number): string {
  let value = 0n;
  for (let i = words.length - 1; i >= 0; i--) value = (value << 32n) | BigInt(words[i]!);
  const bits = BigInt(32 * words.length);
  if (value >> (bits - 1n)) value -= 1n << bits;
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, "0");
  const text = scale > 0 ? `${digits.slice(0, -scale)}.${digits.slice(-scale)}` : digits;
  return value < 0n ? `-${text}` : text;
}

function boundsOf(table: Table): Bounds | null {
  const at = table.schema.fields.findIndex(field => (field.metadata.get("ARROW:extension:name") ?? "").startsWith("geoarrow"));
  if (at < 0) return null;
  const bounds: Bounds = [Infinity, Infinity, -Infinity, -Infinity];
  for (const bytes of table.getChildAt(at)!) if (bytes) widen(bounds, bytes as Uint8Array);
  return degrees(bounds, crsOf(table.schema.fields[at]!));
}

function crsOf(field: Field): string {
  try {
    const { crs } = JSON.parse(field.metadata.get("ARROW:extension:metadata") ?? "{}") as { crs?: { id?: { authority: string; code: string } } };
    return crs?.id ? `${crs.id.authority}:${crs.id.code}` : "";
  } catch { return ""; }
}
