// How to ask for the same from elsewhere, ready to be pasted.

import { copy, el, fill, icon, ICONS } from "../common/dom";
import { inSession, type Format } from "./api";

export interface Asked { origin: string; base: string; name: string; values: URLSearchParams; kind: string; geometry: boolean; tiles: boolean }

function address({ origin, base, values }: Asked, path: string, format: string): string {
  const query = new URLSearchParams(values);
  query.set("format", format);
  return `${origin}${base}${path}?${query}`;
}

const quoted = (text: string) => JSON.stringify(text);
const inShell = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
const inSql = (text: string) => `'${text.replaceAll("'", "''")}'`;

function all(asked: Asked): [string, string][] {
  const { kind, geometry } = asked;
  if (kind === "tiles") return ofTiles(asked);
  const raster = kind === "raster", plain = kind === "plain";
  const text = raster ? "png" : plain ? "json" : "csv";
  const found: [string, string][] = [
    ["curl", `curl -fsS ${raster ? "-o picture.png " : ""}${inShell(address(asked, "/run", text))}`],
    ["Python", raster
      ? `import io, httpx\nfrom PIL import Image\n\nurl = ${quoted(address(asked, "/run", "png"))}\npicture = Image.open(io.BytesIO(httpx.get(url).raise_for_status().content))`
      : plain ? `import httpx\n\nurl = ${quoted(address(asked, "/run", "json"))}\nvalue = httpx.get(url).raise_for_status().json()`
        : `import ${geometry ? "geopandas as gpd" : "pandas as pd"}\n\nurl = ${quoted(address(asked, "/run/file", geometry ? "geojson" : "parquet"))}\nframe = ${geometry ? "gpd.read_file(url)" : "pd.read_parquet(url)"}`],
  ];
  if (kind === "frame") found.push(["DuckDB", `INSTALL httpfs; LOAD httpfs;\nSELECT *\nFROM read_parquet(${inSql(address(asked, "/run/file", "parquet"))})\nLIMIT 10;`]);
  found.push(["JavaScript", `const answer = await fetch(${quoted(address(asked, "/run", raster ? "png" : "json"))});\nif (!answer.ok) throw new Error((await answer.json()).detail);\nconst value = await answer.${raster ? "blob" : "json"}();`]);
  if (geometry || raster || asked.tiles) {
    const tiles = address(asked, "/run/tiles/{z}/{x}/{y}", geometry ? "mvt" : "png");
    found.push(["QGIS", geometry
      ? `Layer › Add Layer › Add Vector Layer › Protocol: HTTP(S)\n${address(asked, "/run/file", "geojson")}\n\nor, for large results: Layer › Add Layer › Add Vector Tile Layer › New Generic Connection\n${tiles}`
      : `Layer › Add Layer › Add XYZ Layer › New\n${tiles}`]);
    found.push(["MapLibre", geometry
      ? `map.addSource("udf", { type: "vector", tiles: [${quoted(tiles)}], maxzoom: 22 });\nmap.addLayer({ id: "udf", type: "fill", source: "udf", "source-layer": "udf",\n  paint: { "fill-color": "#0b7285", "fill-opacity": 0.5 } });`
      : `map.addSource("udf", { type: "raster", tiles: [${quoted(tiles)}], tileSize: 256 });\nmap.addLayer({ id: "udf", type: "raster", source: "udf" });`]);
  }
  return found;
}

/** Of a udf that answers for map tiles alone. */
function ofTiles(asked: Asked): [string, string][] {
  const tiles = address(asked, "/run/tiles/{z}/{x}/{y}", "png"), one = address(asked, "/run/tiles/2/2/1", "png");
  return [
    ["curl", `curl -fsS -o tile.png ${inShell(one)}`],
    ["Python", `import httpx\n\ntile = httpx.get(${quoted(one)}).raise_for_status().content`],
    ["QGIS", `Layer › Add Layer › Add XYZ Layer › New\n${tiles}`],
    ["MapLibre", `map.addSource("udf", { type: "raster", tiles: [${quoted(tiles)}], tileSize: 256 });\nmap.addLayer({ id: "udf", type: "raster", source: "udf" });`],
  ];
}

export function snippets(asked: Asked): HTMLElement {
  const found = all(asked);
  const code = el("code", {}), block = el("pre", { tabIndex: 0 }, code);
  const button = el("button", { type: "button", class: "quiet copy", onclick: async () => {
    await copy(code.textContent ?? "");
    fill(button, icon(...ICONS.done), "Copied");
    setTimeout(() => fill(button, icon(...ICONS.copy), "Copy"), 1600);
  } }, icon(...ICONS.copy), "Copy");
  const tabs = el("div", { class: "tabs small", role: "tablist", "aria-label": "Ways to ask" }, ...found.map(([name, text], i) => {
    const tab = el("button", { type: "button", role: "tab", "aria-selected": String(i === 0), tabIndex: i === 0 ? 0 : -1, onclick: () => choose(tab, text) }, name);
    return tab;
  }));
  function choose(tab: Element, text: string): void {
    for (const other of tabs.children) { other.setAttribute("aria-selected", String(other === tab)); (other as HTMLElement).tabIndex = other === tab ? 0 : -1; }
    code.textContent = text;
  }
  arrows(tabs);
  code.textContent = found[0]![1];
  return el("section", { class: "card elsewhere" }, el("div", { class: "line" }, el("h2", {}, "Use it elsewhere"), button), tabs, block);
}

/** Let the arrow keys move among tabs, as ARIA says. */
export function arrows(tabs: HTMLElement): void {
  tabs.addEventListener("keydown", event => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const all = [...tabs.querySelectorAll<HTMLElement>('[role="tab"]')];
    const next = all[(all.indexOf(document.activeElement as HTMLElement) + step + all.length) % all.length];
    next?.focus();
    next?.click();
    event.preventDefault();
  });
}

export function links(asked: Asked, formats: Format[]): HTMLElement {
  const fitting = formats.filter(format => format.kinds.includes(asked.kind) && format.name !== "mvt" && (format.name !== "geojson" || asked.geometry));
  return el("section", { class: "card" }, el("h2", {}, "As a file"),
    el("div", { class: "files" }, ...fitting.map(format => el("a", { class: "file", href: address({ ...asked, origin: "" }, "/run/file", format.name), title: format.media_type, download: format.name === "html" || format.name === "json" || format.name === "png" ? undefined : `${asked.name}${format.suffix}` }, format.name))),
    el("p", { class: "note more" },
      el("a", { href: inSession(`${asked.base}/openapi.json`) }, "OpenAPI description"),
      (asked.tiles || asked.geometry) && el("a", { href: `${asked.base}/tilejson.json?${new URLSearchParams([...asked.values, ["format", asked.geometry ? "mvt" : "png"]])}` }, "TileJSON")));
}
