// Where a GeoTIFF lies: its size, scale, corner and reference system, from its tags (OGC 19-008r4).

import { degrees, type Bounds } from "./wkb";

const [WIDTH, HEIGHT, SCALE, TIE, KEYS] = [256, 257, 33550, 33922, 34735];

/** The bounds in degrees of the picture at an address; null where it has none, or none that can be told. */
export async function placeOf(url: string): Promise<Bounds | null> {
  try {
    const answer = await fetch(url);
    return answer.ok && (answer.headers.get("content-type") ?? "").includes("tiff") ? boundsOf(await answer.arrayBuffer()) : null;
  } catch { return null; }
}

export function boundsOf(buffer: ArrayBuffer): Bounds | null {
  const view = new DataView(buffer), little = view.getUint16(0) === 0x4949;
  if (view.getUint16(2, little) !== 42) return null;
  const tags = new Map<number, number[]>();
  const directory = view.getUint32(4, little);
  for (let i = 0; i < view.getUint16(directory, little); i++) {
    const at = directory + 2 + 12 * i, type = view.getUint16(at + 2, little), count = view.getUint32(at + 4, little);
    const tag = view.getUint16(at, little), size = { 3: 2, 4: 4, 12: 8 }[type];
    if (!size || ![WIDTH, HEIGHT, SCALE, TIE, KEYS].includes(tag)) continue;
    const from = size * count <= 4 ? at + 8 : view.getUint32(at + 8, little);
    tags.set(tag, Array.from({ length: count }, (_, n) => type === 3 ? view.getUint16(from + 2 * n, little) : type === 4 ? view.getUint32(from + 4 * n, little) : view.getFloat64(from + 8 * n, little)));
  }
  const [width, height, scale, tie, keys] = [WIDTH, HEIGHT, SCALE, TIE, KEYS].map(tag => tags.get(tag));
  if (!width || !height || !scale || !tie) return null;
  const west = tie[3]! - tie[0]! * scale[0]!, north = tie[4]! + tie[1]! * scale[1]!;
  return degrees([west, north - height[0]! * scale[1]!, west + width[0]! * scale[0]!, north], crsOf(keys ?? []));
}

/** Keys come in fours: which, where its value is (0: here), how many, the value. 3072 is a projected system, 2048 one in degrees. */
function crsOf(keys: number[]): string {
  for (const wanted of [3072, 2048]) for (let i = 4; i < keys.length; i += 4) if (keys[i] === wanted && keys[i + 1] === 0 && keys[i + 3] !== 32767) return `EPSG:${keys[i + 3]}`;
  return "";
}
