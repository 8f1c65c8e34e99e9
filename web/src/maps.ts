// The map page of data sets: what a client's show() opens.

import "../../src/headrace/api/pages.css";
import "./share.css";
import "./maps.css";
import { colour, el, fill, given, icon, ICONS, mark } from "./common/dom";
import { fromArrow, type Frame } from "./common/frame";
import { fit, makeMap, maplibre, popups, shapes, type Ground } from "./common/map";
import { table, type TableView } from "./common/table";
import { themeSwitch } from "./common/theme";
import type { Bounds } from "./common/wkb";

type Config = Record<string, unknown>;
interface Given { base: string; app: Config; layers: { name: string; config: Config }[] }

const FEW = 20_000; // rows that are sent whole
const PALETTE = ["#0b7285", "#c2571a", "#5f3dc4", "#2b8a3e", "#a61e4d", "#b58900"];
const { base, app: asked, layers } = given<Given>();

const canvas = el("div", { class: "map", role: "region", "aria-label": "Map" });
const list = el("ol", { class: "layers" });
const drawer = el("section", { class: "drawer", hidden: true, "aria-label": "Rows" });
const app = document.getElementById("app")!;
fill(app, el("main", { class: "atlas" }, canvas,
  el("aside", { class: "panel", "aria-label": "Layers" }, el("div", { class: "line" }, el("a", { class: "brand", href: "/" }, mark(), "Headrace"), themeSwitch()), list), drawer));
app.setAttribute("aria-busy", "false");

let rows: TableView | null = null;
const map = makeMap(canvas, { ground: groundOf(text(asked.mapBackgroundStyle), text(asked.mapStyle)), plain: text(asked.mapStyle) === "blank" });
(window as unknown as { headraceMap: unknown }).headraceMap = map; // for the browser's console, and for tests
canvas.classList.add(`blend-${{ additive: "screen", subtractive: "multiply", screen: "screen", multiply: "multiply" }[text(asked.blendMode) ?? ""] ?? "normal"}`);

const all: Bounds = [Infinity, Infinity, -Infinity, -Infinity];
map.once("load", () => layers.forEach((layer, i) => { void draw(layer, i); }));

async function draw(layer: Given["layers"][number], number: number): Promise<void> {
  const config = layer.config, source = `layer${number}`;
  const flag = (name: string, otherwise: boolean) => typeof config[name] === "boolean" ? config[name] as boolean : otherwise;
  const configs = (config.layerConfig ?? {}) as Record<string, Config>;
  const fallback = PALETTE[number % PALETTE.length]!;
  const area = ink(configs.dataSolid?.getFillColor) ?? fallback;
  const line = ink(configs.dataPath?.getColor) ?? ink(configs.dataPath?.getLineColor) ?? ink(configs.dataSolid?.getLineColor) ?? area;
  const dot = ink(configs.dataCircles?.getFillColor) ?? area;
  const edge = ink(configs.rootBboxes?.getLineColor) ?? fallback;

  const state = el("p", { class: "state", role: "status" }, "reading");
  const tools = el("div", { class: "toggles" });
  const eye = el("input", { type: "checkbox", checked: flag("showData", true), disabled: true, "aria-label": `Show ${layer.name}`, onchange: () => apply() });
  const swatch = el("i", { class: "swatch" });
  swatch.style.background = flag("showCircles", true) && !configs.dataSolid?.getFillColor ? dot : area;
  list.append(el("li", {}, el("label", { class: "name" }, eye, swatch, el("b", {}, layer.name)), state, tools));

  let frame: Frame;
  try {
    frame = await read(number, state);
  } catch (wrong) {
    state.classList.add("bad");
    state.textContent = wrong instanceof Error ? wrong.message : String(wrong);
    return;
  }
  eye.disabled = false;
  state.textContent = `${frame.rows.toLocaleString("en")} ${frame.rows === 1 ? "row" : "rows"}`;
  const bounds = frame.bounds();
  if (bounds) {
    all[0] = Math.min(all[0], bounds[0]); all[1] = Math.min(all[1], bounds[1]); all[2] = Math.max(all[2], bounds[2]); all[3] = Math.max(all[3], bounds[3]);
    fit(map, all, false, innerWidth > 700 ? 340 : 0); // the list of layers covers the left
  }
  const whole = frame.rows <= FEW, origin = location.origin;
  if (whole) map.addSource(source, { type: "geojson", data: `${origin}${base}/layers/${number}?format=geojson` });
  else map.addSource(source, { type: "vector", tiles: [`${origin}${base}/layers/${number}/tiles/{z}/{x}/{y}`], minzoom: 0, maxzoom: 16 });
  const inSource = whole ? undefined : "udf";
  const drawn = shapes(source, { fill: area, line, radius: radius(configs.dataCircles) }, inSource);
  for (const one of drawn) if (one.id === `${source}-point`) one.paint = { ...one.paint, "circle-color": dot } as never;
  const heat = { id: `${source}-heat`, type: "heatmap", source, ...(inSource ? { "source-layer": inSource } : {}), filter: ["==", ["geometry-type"], "Point"], paint: {
    "heatmap-radius": Number(configs.dataHeatmap?.radiusPixels ?? configs.rootHeatmap?.radiusPixels ?? 24), "heatmap-opacity": .85,
    "heatmap-intensity": Number(configs.dataHeatmap?.intensity ?? 1),
  } } as unknown as maplibre.LayerSpecification;
  for (const one of [...drawn, heat]) map.addLayer(one);

  let boxes: maplibre.Marker[] | null = null;
  const chosen = { circles: flag("showCircles", true), heat: flag("showHeatmap", false), boxes: flag("showBboxes", false) };
  const points = frame.columns.some(column => column.kind === "geometry" && column.text(0)?.startsWith("Point"));
  const toggle = (name: keyof typeof chosen, label: string) => {
    const chip = el("button", { type: "button", class: "chip", "aria-pressed": String(chosen[name]), onclick: () => { chosen[name] = !chosen[name]; chip.setAttribute("aria-pressed", String(chosen[name])); apply(); } }, label);
    return chip;
  };
  fill(tools, points && toggle("circles", "circles"), points && toggle("heat", "heat map"), toggle("boxes", "chunks"),
    el("button", { type: "button", class: "chip", onclick: () => showRows(layer.name, frame, config) }, icon(...ICONS.table), "rows"));

  const selected = Object.entries((config.selectedColumns ?? {}) as Record<string, boolean>).filter(([name, on]) => on && name !== "geometry").map(([name]) => name);
  if (flag("showTooltip", true)) popups(map, drawn.map(one => one.id), selected.length ? name => selected.includes(name) : undefined);
  apply();

  function apply(): void {
    const visible = eye.checked;
    const set = (id: string, on: boolean) => { if (map.getLayer(id)) map.setLayoutProperty(id, "visibility", on ? "visible" : "none"); };
    for (const one of drawn) set(one.id, visible && (!one.id.endsWith("-point") || chosen.circles));
    set(heat.id, visible && chosen.heat);
    if (chosen.boxes && !boxes) void outline();
    for (const kind of ["area", "edge"]) set(`${source}-boxes-${kind}`, chosen.boxes);
    for (const label of boxes ?? []) label.getElement().hidden = !chosen.boxes;
  }

  async function outline(): Promise<void> {
    boxes = [];
    const answer = await fetch(`${base}/layers/${number}/boxes`);
    if (!answer.ok) { state.textContent = await sentence(answer); state.classList.add("bad"); return; }
    const data = await answer.json() as GeoJSON.FeatureCollection;
    map.addSource(`${source}-boxes`, { type: "geojson", data });
    const inside = ink(configs.rootBboxes?.getFillColor);
    map.addLayer({ id: `${source}-boxes-area`, type: "fill", source: `${source}-boxes`, paint: { "fill-color": inside ?? edge, "fill-opacity": inside ? 1 : .05 } });
    map.addLayer({ id: `${source}-boxes-edge`, type: "line", source: `${source}-boxes`, paint: { "line-color": edge, "line-width": 1.5, "line-dasharray": [3, 2] } });
    if (flag("showBboxIds", false)) for (const one of data.features.slice(0, 300)) {
      const corner = (one.geometry as GeoJSON.Polygon).coordinates[0]?.reduce((best, at) => at[0]! + at[1]! > best[0]! + best[1]! ? at : best);
      if (corner) boxes.push(new maplibre.Marker({ element: el("span", { class: "chunk-id" }, `${one.properties?.file_id ?? ""}/${one.properties?.chunk_id ?? ""}`), anchor: "top-right" }).setLngLat([corner[0]!, corner[1]!]).addTo(map));
    }
    apply();
  }
}

async function read(number: number, state: HTMLElement): Promise<Frame> {
  const answer = await fetch(`${base}/layers/${number}?format=arrow`);
  if (!answer.ok) throw new Error(await sentence(answer));
  return fromArrow(answer, (_, count) => { state.textContent = `reading, ${count.toLocaleString("en")} rows`; });
}

async function sentence(answer: Response): Promise<string> {
  try { return String((await answer.json() as { detail: unknown }).detail).replace(/^ValueError: /, ""); } catch { return `The server answered ${answer.status}.`; }
}

function showRows(name: string, frame: Frame, config: Config): void {
  rows?.close();
  const selected = Object.entries((config.selectedColumns ?? {}) as Record<string, boolean>).filter(([, on]) => on).map(([column]) => column);
  rows = table(frame, selected.some(column => column !== "geometry") ? selected : undefined);
  const close = el("button", { type: "button", class: "quiet", onclick: () => { drawer.hidden = true; rows?.close(); map.resize(); } }, "Close");
  fill(drawer, el("div", { class: "line" }, el("h2", {}, name), close), rows.node);
  drawer.hidden = false;
  map.resize();
}

/** A colour as clients write it: numbers from 0 to 255, the last of four of them how opaque it is, or a colour's name. */
function ink(value: unknown): string | null {
  if (Array.isArray(value) && value.length >= 3 && value.every(part => typeof part === "number")) {
    const [r, g, b, a = 255] = value as number[];
    return `rgba(${r}, ${g}, ${b}, ${(a / 255).toFixed(3)})`;
  }
  return typeof value === "string" && CSS.supports("color", value) ? value : null;
}

function radius(config: Config | undefined): unknown {
  const low = Number(config?.radiusMinPixels ?? 3), high = Number(config?.radiusMaxPixels ?? Math.max(low, 5));
  return ["interpolate", ["linear"], ["zoom"], 2, low, 14, Math.max(low, high)];
}

/** The ground of the map: a style's own colours, else a colour of the page's choice, else those of the theme. */
function groundOf(background: string | null, style: string | null): Ground | undefined {
  const styles: Record<string, Ground> = {
    dark: { ground: "#131a1e", land: "#1e272c", line: "#34424a" }, light: { ground: "#e9eef0", land: "#fbfaf6", line: "#cdd3d4" },
    blank: { ground: "#ffffff", land: "#ffffff", line: "#ffffff" },
  };
  const chosen = styles[style ?? ""];
  const own = background && CSS.supports("color", background) ? background : null;
  if (!chosen && !own) return undefined;
  const from = chosen ?? { ground: colour("--sea"), land: colour("--land"), line: colour("--shore") };
  return own ? { ...from, ground: own } : from;
}

function text(value: unknown): string | null {
  return typeof value === "string" && value ? value : null;
}
