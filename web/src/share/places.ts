// The map of a result: geometries as GeoJSON where they are few, as vector tiles where they are many, else raster tiles.

import { el, fill } from "../common/dom";
import type { Frame } from "../common/frame";
import { placeOf } from "../common/tiff";
import { boundsOfGeoJson, fit, makeMap, maplibre, popups, shapes } from "../common/map";
import type { Bounds } from "../common/wkb";
import { colour } from "../common/dom";

const FEW = 5_000; // rows that are sent whole

export interface Where { base: string; values: URLSearchParams; frame: Frame | null; place: string | null; geometry: boolean }

export async function places({ base, values, frame, place, geometry }: Where): Promise<{ node: HTMLElement; close(): void }> {
  const canvas = el("div", { class: "map", role: "region", "aria-label": "Map" });
  const note = el("p", { class: "map-note", role: "status" });
  const node = el("div", { class: "map-frame" }, canvas, note);
  const origin = location.origin;
  const query = (format: string, without?: string | null) => {
    const asked = new URLSearchParams(values);
    if (without) asked.delete(without);
    asked.set("format", format);
    return asked;
  };
  const tiles = (format: string) => `${origin}${base}/run/tiles/{z}/{x}/{y}?${query(format, place)}`;
  const hint = place ? boundsOf(values.get(place)) : null;
  const told = await tileJson(base, query("png", place));
  const lies = hint ?? told.bounds ?? frame?.bounds() ?? (geometry || told.center ? null : await placeOf(`${base}/run?${query("tiff")}`));
  const map = makeMap(canvas, { bounds: lies, center: told.center, zoom: told.zoom });
  (window as unknown as { headraceMap: unknown }).headraceMap = map; // for the browser's console, and for tests
  map.on("error", event => { note.textContent = sentence(event.error); note.classList.add("bad"); });
  map.on("sourcedata", event => { if (event.isSourceLoaded && note.classList.contains("bad") && event.tile) { note.textContent = ""; note.classList.remove("bad"); } });

  const busy = "Drawing";
  map.on("dataloading", event => { if ("sourceId" in event && event.sourceId === "result" && !note.textContent) note.textContent = busy; });
  map.on("idle", () => { if (note.textContent === busy) note.textContent = ""; });

  const loaded = new Promise<void>(resolve => map.once("load", () => resolve()));
  void loaded.then(async () => {
    const paint = { fill: colour("--water"), line: colour("--water-ink") };
    if (geometry && frame && frame.rows <= FEW && !place) {
      note.textContent = "Reading geometries";
      const answer = await fetch(`${base}/run?${query("geojson")}`);
      if (!answer.ok) { note.textContent = "The geometries could not be read."; return; }
      const data = await answer.json() as GeoJSON.FeatureCollection;
      note.textContent = "";
      map.addSource("result", { type: "geojson", data });
      for (const layer of shapes("result", paint)) map.addLayer(layer);
      const bounds = boundsOfGeoJson(data);
      if (bounds && !told.bounds) fit(map, bounds, false);
      popups(map, shapes("result", paint).map(layer => layer.id));
      colourBy(node, map, data);
      return;
    }
    const kind = geometry ? "mvt" : await kindOfTiles(tiles("png,mvt"), map);
    if (kind === "mvt") {
      map.addSource("result", { type: "vector", tiles: [tiles("mvt")], minzoom: told.minzoom, maxzoom: told.maxzoom });
      for (const layer of shapes("result", paint, "udf")) map.addLayer(layer);
      popups(map, shapes("result", paint, "udf").map(layer => layer.id));
      if (!place && frame) note.textContent = `${frame.rows.toLocaleString("en")} rows, as vector tiles`;
    } else {
      map.addSource("result", { type: "raster", tiles: [tiles("png")], tileSize: 256, minzoom: told.minzoom, maxzoom: told.maxzoom });
      map.addLayer({ id: "result", type: "raster", source: "result", paint: { "raster-resampling": "nearest", "raster-fade-duration": 0 } });
    }
  });
  // The map is made before it is on the page: only there is it known how much it can show.
  let placed = false;
  const resized = new ResizeObserver(() => {
    map.resize();
    if (!placed && lies && canvas.clientWidth) fit(map, lies, false);
    placed ||= canvas.clientWidth > 0;
  });
  resized.observe(canvas);
  return { node, close: () => { resized.disconnect(); map.remove(); } };
}

function sentence(error: unknown): string {
  const { status, message } = error as { status?: number; message?: string };
  return status === 422 ? "The udf raised an error for a tile; its result view tells more." : status === 429 ? "The server is busy; move the map to try again." : `Some of the map could not be drawn: ${message ?? "no answer"}`.slice(0, 200);
}

async function kindOfTiles(template: string, map: maplibre.Map): Promise<"png" | "mvt"> {
  const z = Math.max(0, Math.floor(map.getZoom())), { lng, lat } = map.getCenter(), n = 2 ** z;
  const x = Math.floor((lng + 180) / 360 * n), y = Math.floor((1 - Math.asinh(Math.tan(lat * Math.PI / 180)) / Math.PI) / 2 * n);
  const url = template.replace("{z}", String(z)).replace("{x}", String(Math.min(n - 1, Math.max(0, x)))).replace("{y}", String(Math.min(n - 1, Math.max(0, y))));
  const answer = await fetch(url);
  return (answer.headers.get("content-type") ?? "").includes("mapbox-vector-tile") ? "mvt" : "png";
}

type Paint = maplibre.DataDrivenPropertyValueSpecification<string>;

interface Told { bounds?: Bounds; center?: [number, number]; zoom?: number; minzoom: number; maxzoom: number }

async function tileJson(base: string, query: URLSearchParams): Promise<Told> {
  try {
    const told = await (await fetch(`${base}/tilejson.json?${query}`)).json() as { bounds?: Bounds; center?: number[]; minzoom: number; maxzoom: number };
    const whole = !told.bounds || told.bounds[0] <= -180 && told.bounds[2] >= 180;
    return { bounds: whole ? undefined : told.bounds, center: told.center ? [told.center[0]!, told.center[1]!] : undefined, zoom: told.center?.[2], minzoom: told.minzoom, maxzoom: told.maxzoom };
  } catch { return { minzoom: 0, maxzoom: 22 }; }
}

function boundsOf(text: string | null): Bounds | null {
  try {
    const read = JSON.parse(text ?? "null") as unknown;
    return Array.isArray(read) && read.length === 4 && read.every(value => typeof value === "number") ? read as Bounds : null;
  } catch { return null; }
}

const RAMP = ["#440154", "#3b528b", "#21918c", "#5ec962", "#fde725"];
const KINDS = ["#0b7285", "#c2571a", "#5f3dc4", "#2b8a3e", "#a61e4d", "#e0a30b", "#1864ab", "#868e96"];

/** A choice of the attribute that colours the map, with its legend. */
function colourBy(node: HTMLElement, map: maplibre.Map, data: GeoJSON.FeatureCollection): void {
  const names = Object.keys(data.features[0]?.properties ?? {});
  if (!names.length) return;
  const legend = el("div", { class: "legend" });
  const choice = el("select", { "aria-label": "Colour by", onchange: () => paint(choice.value) }, el("option", { value: "" }, "one colour"), ...names.map(name => el("option", { value: name }, name)));
  node.append(el("div", { class: "map-tools" }, el("label", {}, "Colour by", choice), legend));
  function paint(name: string): void {
    const values = data.features.map(one => one.properties?.[name] as unknown);
    let value: unknown = colour("--water"), line: unknown = colour("--water-ink"); // colours, or expressions that give one
    fill(legend);
    const numbers = values.filter((v): v is number => typeof v === "number" && Number.isFinite(v));
    if (name && numbers.length && numbers.length === values.filter(v => v !== null && v !== undefined).length) {
      const low = Math.min(...numbers), high = Math.max(...numbers);
      const stops = RAMP.flatMap((ink, i) => [low + (high - low) * i / (RAMP.length - 1), ink]);
      value = low === high ? RAMP[2] : ["case", ["==", ["typeof", ["get", name]], "number"], ["interpolate", ["linear"], ["to-number", ["get", name]], ...stops], "#999999"];
      line = value;
      const bar = el("span", { class: "ramp" });
      bar.style.background = `linear-gradient(90deg, ${RAMP.join(", ")})`;
      fill(legend, el("span", {}, short(low)), bar, el("span", {}, short(high)));
    } else if (name) {
      const known = [...new Set(values.map(v => String(v)))];
      const shown = known.slice(0, KINDS.length - 1);
      value = shown.length ? ["match", ["to-string", ["get", name]], ...shown.flatMap((kind, i) => [kind, KINDS[i]]), KINDS.at(-1)] : KINDS[0];
      line = value;
      fill(legend, ...shown.map((kind, i) => { const dot = el("i", {}); dot.style.background = KINDS[i]!; return el("span", { class: "kind" }, dot, kind.slice(0, 24)); }), known.length > shown.length && el("span", {}, `and ${known.length - shown.length} more`));
    }
    map.setPaintProperty("result-fill", "fill-color", value as Paint);
    map.setPaintProperty("result-outline", "line-color", line as Paint);
    map.setPaintProperty("result-line", "line-color", line as Paint);
    map.setPaintProperty("result-point", "circle-color", value as Paint);
  }
}

function short(value: number): string {
  return Number(value.toPrecision(4)).toLocaleString("en");
}
