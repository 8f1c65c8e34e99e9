// Well-known binary (OGC 06-103r4, with the flags of EWKB): the kind of a geometry, where it begins, and its bounds.

const KINDS = ["Geometry", "Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon", "GeometryCollection"];

export type Bounds = [number, number, number, number];

interface Read { kind: number; place: number; view: DataView; little: boolean; width: number }

function head(view: DataView, at: number): Read {
  const little = view.getUint8(at) === 1;
  const code = view.getUint32(at + 1, little);
  const plain = code & 0xffff;
  const dimensions = 2 + (code & 0x80000000 || plain / 1000 >= 1 && plain / 1000 < 2 || plain >= 3000 ? 1 : 0) + (code & 0x40000000 || plain >= 2000 ? 1 : 0);
  return { kind: plain % 1000, place: at + 5 + (code & 0x20000000 ? 4 : 0), view, little, width: dimensions * 8 };
}

/** Such as `Point (12.50 41.90)` or `Polygon`. */
export function told(bytes: Uint8Array): string {
  try {
    const { kind, place, view, little } = head(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0);
    const name = KINDS[kind] ?? "Geometry";
    return kind === 1 ? `Point (${shown(view.getFloat64(place, little))} ${shown(view.getFloat64(place + 8, little))})` : name;
  } catch { return "Geometry"; }
}

function shown(value: number): string {
  return String(Math.round(value * 1e5) / 1e5);
}

/** Widen bounds by a geometry; coordinates are those of its own reference system. */
export function widen(bounds: Bounds, bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const walk = (at: number): number => {
    const { kind, place, little, width } = head(view, at);
    const points = (from: number, count: number) => {
      for (let i = 0, p = from; i < count; i++, p += width) {
        const x = view.getFloat64(p, little), y = view.getFloat64(p + 8, little);
        if (x < bounds[0]) bounds[0] = x;
        if (y < bounds[1]) bounds[1] = y;
        if (x > bounds[2]) bounds[2] = x;
        if (y > bounds[3]) bounds[3] = y;
      }
      return from + count * width;
    };
    if (kind === 1) return points(place, 1);
    const count = view.getUint32(place, little);
    let p = place + 4;
    if (kind === 2) return points(p, count);
    for (let i = 0; i < count; i++) {
      if (kind === 3) p = points(p + 4, view.getUint32(p, little));
      else p = walk(p);
    }
    return p;
  };
  try { walk(0); } catch { /* a geometry that cannot be read has no bounds */ }
}

const RADIUS = 6378137;

/** Bounds in degrees of bounds in a reference system, where it is one that needs no library. */
export function degrees(bounds: Bounds, crs: string): Bounds | null {
  if (!(bounds[0] <= bounds[2])) return null;
  if (crs === "EPSG:3857") {
    const x = (v: number) => v / RADIUS * 180 / Math.PI, y = (v: number) => Math.atan(Math.sinh(v / RADIUS)) * 180 / Math.PI;
    return [x(bounds[0]), y(bounds[1]), x(bounds[2]), y(bounds[3])];
  }
  if (crs && crs !== "EPSG:4326" && crs !== "OGC:CRS84") return null;
  return bounds[0] < -181 || bounds[2] > 361 || bounds[1] < -91 || bounds[3] > 91 ? null : bounds;
}
