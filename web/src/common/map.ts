// A map that needs nothing but this server: a plain ground with the outlines of the continents, and what is given to it.

import * as maplibre from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import "maplibre-gl/dist/maplibre-gl.css";
import { feature } from "topojson-client";
import type { Topology } from "topojson-specification";
import land from "world-atlas/land-110m.json";
import { colour, el } from "./dom";
import { onTheme } from "./theme";
import type { Bounds } from "./wkb";

maplibre.setWorkerUrl(workerUrl);

export type Layers = maplibre.LayerSpecification[];
export { maplibre };

const GROUND = "ground", LAND = "land", SHORE = "shore", LINES = "lines";

/** Meridians and parallels, every ten degrees. */
function graticule(): GeoJSON.MultiLineString {
  const coordinates: [number, number][][] = [];
  for (let x = -180; x <= 180; x += 10) coordinates.push(Array.from({ length: 35 }, (_, i) => [x, -85 + i * 5] as [number, number]));
  for (let y = -80; y <= 80; y += 10) coordinates.push([[-180, y], [180, y]]);
  return { type: "MultiLineString", coordinates };
}

/** The continents. Rings that cross the date line are made to run on beyond it, and the one around the pole is closed there. */
function continents(): GeoJSON.Feature | GeoJSON.FeatureCollection {
  const read = feature(land as unknown as Topology, "land") as GeoJSON.Feature | GeoJSON.FeatureCollection;
  for (const one of "features" in read ? read.features : [read]) {
    const shape = one.geometry;
    const polygons = shape.type === "Polygon" ? [shape.coordinates] : shape.type === "MultiPolygon" ? shape.coordinates : [];
    for (const polygon of polygons) polygon.forEach((ring, i) => { polygon[i] = unwrapped(ring); });
  }
  return read;
}

function unwrapped(ring: GeoJSON.Position[]): GeoJSON.Position[] {
  let shift = 0;
  const points = ring.map(([x, y], i) => {
    const jump = i ? x! - ring[i - 1]![0]! : 0;
    if (Math.abs(jump) > 180) shift -= Math.sign(jump) * 360;
    return [x! + shift, y!];
  });
  // A ring that began on the far side of the line comes back to the side where most of it lies.
  const middle = points.reduce((sum, [x]) => sum + x!, 0) / points.length, turns = Math.round(middle / 360) * 360;
  for (const point of points) point[0]! -= turns;
  const first = points[0]!, last = points.at(-1)!;
  return Math.abs(last[0]! - first[0]!) > 180 ? [...points, [last[0]!, -89], [first[0]!, -89], first] : points;
}

export interface Ground { ground: string; land: string; line: string }

function ofTheme(): Ground {
  return { ground: colour("--sea"), land: colour("--land"), line: colour("--shore") };
}

export interface Options {
  bounds?: Bounds | null;
  center?: [number, number];
  zoom?: number;
  /** Colours of the ground that stay whatever the theme is. */
  ground?: Ground;
  /** Whether land and lines are drawn. */
  plain?: boolean;
}

export function makeMap(container: HTMLElement, options: Options): maplibre.Map {
  const paint = options.ground ?? ofTheme();
  const map = new maplibre.Map({
    container,
    style: {
      version: 8,
      sources: {
        land: { type: "geojson", data: continents() },
        lines: { type: "geojson", data: graticule() },
      },
      layers: [
        { id: GROUND, type: "background", paint: { "background-color": paint.ground } },
        // The outlines are coarse: they help to find the way from afar, and fade where they would mislead.
        { id: LAND, type: "fill", source: "land", paint: { "fill-color": paint.land, "fill-opacity": ["interpolate", ["linear"], ["zoom"], 5, 1, 8, .25] }, layout: { visibility: options.plain ? "none" : "visible" } },
        { id: SHORE, type: "line", source: "land", paint: { "line-color": paint.line, "line-opacity": ["interpolate", ["linear"], ["zoom"], 5, 1, 8, 0] }, layout: { visibility: options.plain ? "none" : "visible" } },
        { id: LINES, type: "line", source: "lines", paint: { "line-color": paint.line, "line-width": .5, "line-opacity": .7 }, layout: { visibility: options.plain ? "none" : "visible" } },
      ],
    },
    center: options.center ?? [0, 20],
    zoom: options.zoom ?? .8,
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    canvasContextAttributes: { preserveDrawingBuffer: true },
  });
  map.touchZoomRotate.disableRotation();
  map.addControl(new maplibre.NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new maplibre.ScaleControl({}), "bottom-left");
  if (options.bounds) fit(map, options.bounds, false);
  if (!options.ground) onTheme(() => {
    if (!container.isConnected || !map.isStyleLoaded()) return;
    const now = ofTheme();
    map.setPaintProperty(GROUND, "background-color", now.ground);
    map.setPaintProperty(LAND, "fill-color", now.land);
    map.setPaintProperty(SHORE, "line-color", now.line);
    map.setPaintProperty(LINES, "line-color", now.line);
  });
  return map;
}

/** Show these bounds; `left` pixels of the map are covered by something. */
export function fit(map: maplibre.Map, bounds: Bounds, animate = true, left = 0): void {
  const [west, south, east, north] = bounds;
  const lat = (v: number) => Math.max(-85, Math.min(85, v));
  map.fitBounds([[west, lat(south)], [east, lat(north)]], { padding: { top: 40, right: 40, bottom: 40, left: 40 + left }, maxZoom: 15, animate });
}

/** The layers that draw whatever geometries a source has. */
export function shapes(source: string, paint: { fill: unknown; line: unknown; opacity?: number; width?: number; radius?: unknown }, sourceLayer?: string): Layers {
  const from = sourceLayer ? { source, "source-layer": sourceLayer } : { source };
  const of = (kind: string) => ["==", ["geometry-type"], kind] as unknown as maplibre.FilterSpecification;
  return [
    { id: `${source}-fill`, type: "fill", ...from, filter: of("Polygon"), paint: { "fill-color": paint.fill, "fill-opacity": paint.opacity ?? .55 } },
    { id: `${source}-outline`, type: "line", ...from, filter: of("Polygon"), paint: { "line-color": paint.line, "line-width": ["interpolate", ["linear"], ["zoom"], 3, .4, 10, paint.width ?? 1.2] } },
    { id: `${source}-line`, type: "line", ...from, filter: of("LineString"), paint: { "line-color": paint.line, "line-width": 2 } },
    { id: `${source}-point`, type: "circle", ...from, filter: of("Point"), paint: { "circle-color": paint.fill, "circle-radius": paint.radius ?? ["interpolate", ["linear"], ["zoom"], 2, 3, 12, 6], "circle-stroke-color": paint.line, "circle-stroke-width": 1, "circle-opacity": .9 } },
  ] as Layers;
}

/** Show the attributes of what is clicked, as text. */
export function popups(map: maplibre.Map, layers: string[], allowed?: (name: string) => boolean): void {
  const hits = (point: maplibre.Point) => map.queryRenderedFeatures([[point.x - 3, point.y - 3], [point.x + 3, point.y + 3]], { layers: layers.filter(id => map.getLayer(id)) });
  map.on("click", event => {
    const [hit] = hits(event.point);
    if (!hit) return;
    const rows = Object.entries(hit.properties ?? {}).filter(([name]) => !name.startsWith("_") && (!allowed || allowed(name)));
    const list = el("dl", { class: "attributes" }, ...rows.slice(0, 60).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value === null ? "null" : String(value).slice(0, 500))]));
    new maplibre.Popup({ maxWidth: "22rem", closeButton: true }).setLngLat(event.lngLat).setDOMContent(rows.length ? list : el("p", {}, "No attributes")).addTo(map);
  });
  map.on("mousemove", event => { map.getCanvas().style.cursor = hits(event.point).length ? "pointer" : ""; });
}

export function boundsOfGeoJson(data: GeoJSON.FeatureCollection): Bounds | null {
  const bounds: Bounds = [Infinity, Infinity, -Infinity, -Infinity];
  const walk = (node: unknown): void => {
    if (!Array.isArray(node)) return;
    if (typeof node[0] === "number") {
      const [x, y] = node as [number, number];
      bounds[0] = Math.min(bounds[0], x); bounds[1] = Math.min(bounds[1], y);
      bounds[2] = Math.max(bounds[2], x); bounds[3] = Math.max(bounds[3], y);
    } else node.forEach(walk);
  };
  const geometry = (g: GeoJSON.Geometry | null): void => { if (g) "geometries" in g ? g.geometries.forEach(geometry) : walk(g.coordinates); };
  data.features.forEach(one => geometry(one.geometry));
  return bounds[0] <= bounds[2] ? bounds : null;
}
