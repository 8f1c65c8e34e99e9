// The page of a token: what the udf is, a form of its parameters, and its result, looked at in several ways.

import "../../src/headrace/api/pages.css";
import "./share.css";
import { el, fill, given, icon, ICONS, mark } from "./common/dom";
import { fromArrow, fromRecords, type Frame } from "./common/frame";
import { table } from "./common/table";
import { themeSwitch } from "./common/theme";
import { about as askAbout, Failure, inSession, run, type About, type Told } from "./share/api";
import { form, type Form } from "./share/form";
import { arrows, links, snippets, type Asked } from "./share/snippets";

interface Given { base: string; name: string; owner: string; within: { name: string; href: string } | null }
interface View { name: string; icon: string[]; make(): Promise<{ node: HTMLElement; close(): void }> | { node: HTMLElement; close(): void } }

const { base, name, owner, within } = given<Given>();
const RESERVED = new Set(["format", "cache_max_age", "cache", "profile"]);
const start = new URLSearchParams([...new URLSearchParams(location.search)].filter(([key]) => !RESERVED.has(key) && !key.startsWith("_")));

const doc = el("div", { class: "doc" });
const fields = el("div", { class: "fields" }, skeleton(3));
const go = el("button", { type: "submit", class: "primary go" });
const asking = el("form", { class: "card asking", "aria-label": "Parameters", onsubmit: (event: Event) => { event.preventDefault(); if (working) stop(); else void call(); } }, el("h2", {}, "Parameters"), fields, go);
const strip = el("div", { class: "strip", role: "status", "aria-live": "polite" });
const tabs = el("div", { class: "tabs", role: "tablist", "aria-label": "Views" });
const stage = el("div", { class: "stage", id: "stage", role: "tabpanel", tabIndex: -1 });
const below = el("div", { class: "below" });
const side = el("aside", { class: "side" },
  el("div", { class: "what" }, el("p", { class: "eyebrow" }, owner ? `shared by ${owner}` : "shared", within && " in ", within && el("a", { href: within.href }, within.name)), el("h1", {}, name), doc), asking);
const app = document.getElementById("app")!;
fill(app,
  el("a", { class: "skip", href: "#stage" }, "To the result"),
  el("header", { class: "bar" }, el("a", { class: "brand", href: "/" }, mark(), "Headrace"), el("span", { class: "where" }, within && el("a", { href: within.href }, within.name), within && " / ", name), el("nav", { "aria-label": "Pages" }, el("a", { href: inSession(`${base}/openapi.json`) }, "API"), themeSwitch())),
  el("main", { class: "share" }, side, el("section", { class: "result", "aria-label": "Result" }, el("div", { class: "over" }, tabs, strip), stage, below)));
app.setAttribute("aria-busy", "false");
arrows(tabs);

let known: About | null = null, entries: Form | null = null, working: AbortController | null = null, open: { close(): void } | null = null, views: View[] = [];
/** The view that somebody chose stays chosen from result to result, and in the address. */
let chosen = decodeURIComponent(location.hash.slice(1));
setGo();
void begin();

async function begin(): Promise<void> {
  waiting();
  try {
    known = await askAbout(base);
  } catch (wrong) {
    fill(fields);
    return broken(wrong);
  }
  describe(known);
  entries = form(known.parameters, known.place, known.open, start);
  fill(fields, entries.node);
  if (known.problem) { broken(new Failure(422, `${known.problem.kind}: ${known.problem.message}`, null, known.problem.lineno)); return; }
  const missing = entries.missing().filter(one => one !== known!.place);
  if (missing.length) empty(missing);
  else await call();
}

function describe(told: About): void {
  const [first = "", ...rest] = told.doc.split("\n\n");
  fill(doc, first && el("p", { class: "lead" }, first.replace(/\n/g, " ")), rest.length > 0 && el("details", {}, el("summary", {}, "Read more"), el("p", { class: "prose" }, rest.join("\n\n"))),
    el("p", { class: "note" }, `version ${told.version}, saved ${new Date(told.updated_at).toLocaleDateString(undefined, { year: "numeric", month: "short", day: "numeric" })}`),
    told.code !== null && el("details", { class: "code" }, el("summary", {}, "Code"), el("pre", { tabIndex: 0 }, el("code", {}, told.code))));
}

function setGo(): void {
  fill(go, icon(...(working ? ICONS.stop : ICONS.run)), working ? "Stop" : "Run");
  go.classList.toggle("working", working !== null);
}

function stop(): void {
  working?.abort();
}

async function call(): Promise<void> {
  if (!entries || !known) return;
  const wanting = entries.wanting();
  if (wanting.length) { asking.reportValidity(); return; }
  const values = entries.values();
  working?.abort();
  const mine = working = new AbortController();
  history.replaceState(null, "", `${location.pathname}${values.size ? `?${values}` : ""}${location.hash}`);
  setGo();
  const progress = waiting();
  try {
    const { answer, told } = await run(base, values, "arrow,png,json", mine.signal);
    await show(answer, told, values, progress);
  } catch (wrong) {
    if (mine.signal.aborted) { if (working === mine) fill(stage, message("Stopped", "Nothing was changed. Run it again when you like.")); fill(strip); }
    else if (known.place && wrong instanceof Failure && wrong.status === 422 && values.get(known.place) === null) await onlyTiles(wrong, values);
    else broken(wrong, values);
  } finally {
    if (working === mine) { working = null; setGo(); }
  }
}

async function show(answer: Response, told: Told, values: URLSearchParams, progress: (text: string) => void): Promise<void> {
  const type = answer.headers.get("content-type") ?? "";
  const asked: Asked = { origin: location.origin, base, name, values, kind: "frame", geometry: false, tiles: known?.place !== null };
  views = [];
  if (type.includes("vnd.apache.arrow.stream")) {
    let frame: Frame;
    try {
      frame = await fromArrow(answer, (bytes, rows) => progress(`${rows.toLocaleString("en")} rows, ${size(bytes)}`));
    } catch (wrong) {
      if (working?.signal.aborted) throw wrong;
      // A type that this reader does not know: the same as JSON.
      const again = await run(base, values, "json", working!.signal);
      frame = fromRecords(await again.answer.json() as Record<string, unknown>[]);
    }
    asked.geometry = frame.columns.some(column => column.kind === "geometry");
    frameViews(frame, asked, values);
    tell(told, `${frame.rows.toLocaleString("en")} × ${frame.columns.length}`);
  } else if (type.startsWith("image/")) {
    asked.kind = "raster";
    const blob = await answer.blob(), url = URL.createObjectURL(blob);
    views.push({ name: "Picture", icon: ICONS.picture, make: () => picture(url) });
    if (known?.place) views.push(mapView(values, null, false));
    tell(told, size(blob.size));
  } else if (type.includes("json")) {
    asked.kind = "plain";
    const text = await answer.text();
    const value: unknown = text ? JSON.parse(text) : null;
    if (isRecords(value)) frameViews(fromRecords(value), { ...asked }, values);
    if (typeof value === "string" && /<\w+[\s\S]*>/.test(value)) views.push({ name: "Page", icon: ICONS.page, make: () => framed(values) });
    views.push({ name: isRecords(value) ? "JSON" : "Value", icon: ICONS.code, make: () => plain(value, text) });
    tell(told, size(text.length));
  } else {
    asked.kind = "bytes";
    const blob = await answer.blob();
    if (type.startsWith("text/html")) views.push({ name: "Page", icon: ICONS.page, make: () => framed(values) });
    views.push({ name: "Bytes", icon: ICONS.code, make: () => bytes(blob, type) });
    tell(told, size(blob.size));
  }
  if (told.stdout || told.stderr) views.push({ name: "Output", icon: ICONS.code, make: () => output(told) });
  drawTabs();
  fill(below, links(asked, known?.formats ?? []), snippets(asked));
}

function frameViews(frame: Frame, asked: Asked, values: URLSearchParams): void {
  views.push({ name: "Table", icon: ICONS.table, make: () => frame.rows && frame.columns.length ? table(frame) : still(message("No rows", "The udf answered, with an empty table. Other parameters may find more.")) });
  if (frame.rows > 1 && frame.columns.some(column => column.kind === "number")) views.push({ name: "Chart", icon: ICONS.chart, make: async () => (await import("./common/chart")).chart(frame) });
  if (asked.geometry || known?.place) views.push(mapView(values, frame, asked.geometry));
}

function mapView(values: URLSearchParams, frame: Frame | null, geometry: boolean): View {
  return { name: "Map", icon: ICONS.map, make: async () => (await import("./share/places")).places({ base, values, frame, place: known?.place ?? null, geometry }) };
}

/** A udf that answers for tiles alone is shown as the map that it makes. */
async function onlyTiles(wrong: Failure, values: URLSearchParams): Promise<void> {
  views = [mapView(values, null, false), { name: "Without a tile", icon: ICONS.warning, make: () => still(explained(wrong)) }];
  fill(strip, el("span", { class: "badge" }, "tiles"));
  drawTabs();
  fill(below, snippets({ origin: location.origin, base, name, values, kind: "tiles", geometry: false, tiles: true }));
}

function drawTabs(): void {
  const first = views.find(view => view.name === chosen) ?? views.find(view => view.name === "Map" && known?.place && view !== views[0] && views[0]?.name === "Picture") ?? views[0]!;
  fill(tabs, ...views.map(view => el("button", { type: "button", role: "tab", "aria-controls": "stage", onclick: () => { chosen = view.name; history.replaceState(null, "", `#${encodeURIComponent(view.name)}`); void choose(view); } }, icon(...view.icon), view.name)));
  void choose(first);
}

async function choose(view: View): Promise<void> {
  for (const tab of tabs.children) {
    const here = tab.textContent === view.name;
    tab.setAttribute("aria-selected", String(here));
    (tab as HTMLElement).tabIndex = here ? 0 : -1;
  }
  open?.close();
  open = null;
  stage.dataset.view = view.name;
  const made = view.make();
  if (made instanceof Promise) fill(stage, loading());
  try {
    const shown = await made;
    if (stage.dataset.view !== view.name) { shown.close(); return; }
    open = shown;
    fill(stage, shown.node);
  } catch (wrong) {
    fill(stage, message("This view could not be drawn", wrong instanceof Error ? wrong.message : String(wrong)));
  }
}

function waiting(): (text: string) => void {
  open?.close();
  open = null;
  const since = performance.now();
  const text = el("span", {}, "asking a worker");
  fill(strip, el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i")), text);
  fill(stage, loading());
  delete stage.dataset.view;
  const timer = setInterval(() => {
    if (!text.isConnected) return clearInterval(timer);
    const seconds = (performance.now() - since) / 1000;
    if (seconds > 1 && !text.dataset.told) text.textContent = `running for ${seconds.toFixed(0)} s`;
  }, 250);
  return told => { text.dataset.told = "yes"; text.textContent = told; };
}

function loading(): HTMLElement {
  return el("div", { class: "loading", "aria-hidden": "true" }, ...Array.from({ length: 9 }, () => el("div", { class: "bone" })));
}

function skeleton(count: number): HTMLElement {
  return el("div", { class: "bones", "aria-hidden": "true" }, ...Array.from({ length: count }, () => el("div", {}, el("div", { class: "bone short" }), el("div", { class: "bone tall" }))));
}

function tell(told: Told, what: string): void {
  const verdicts: Record<string, string> = { hit: "kept from before", miss: "computed and kept", off: "computed" };
  const parts = told.timing.filter(([, ms]) => ms > 0);
  const sum = parts.reduce((all, [, ms]) => all + ms, 0) || 1;
  const words: Record<string, string> = { queue: "waiting for a worker", fork: "starting a worker", import: "loading the code", user: "your function", encode: "writing the result" };
  const bar = el("span", { class: "timing", role: "img", "aria-label": parts.map(([part, ms]) => `${words[part] ?? part} ${duration(ms)}`).join(", ") }, ...parts.map(([part, ms]) => {
    const piece = el("i", { class: part, title: `${words[part] ?? part}: ${duration(ms)}` });
    piece.style.flexGrow = String(Math.max(.02, ms / sum));
    return piece;
  }));
  fill(strip,
    told.cache && el("span", { class: `badge ${told.cache}`, title: verdicts[told.cache] }, told.cache === "hit" ? `cache hit${told.age > 1 ? `, ${age(told.age)} old` : ""}` : told.cache === "miss" ? "computed" : "not kept"),
    el("span", { class: "figure", title: "From the server's first look to the last byte of the result" }, duration(told.total)),
    parts.length > 0 && bar,
    el("span", { class: "figure" }, what),
    told.run && el("span", { class: "figure run", title: `Run ${told.run}` }, told.run.slice(0, 8)));
}

function broken(wrong: unknown, values?: URLSearchParams): void {
  open?.close();
  open = null;
  const failed = wrong instanceof Failure ? wrong : new Failure(0, wrong instanceof Error ? wrong.message : String(wrong), null, null);
  fill(tabs);
  if (failed.told?.run) tell({ ...failed.told, cache: "" }, "no result");
  else fill(strip);
  strip.prepend(el("span", { class: "badge bad" }, "failed"));
  fill(stage, explained(failed));
  delete stage.dataset.view;
  fill(below, values ? snippets({ origin: location.origin, base, name, values, kind: "frame", geometry: false, tiles: false }) : null);
}

function explained(failed: Failure): HTMLElement {
  const [, kind, rest] = /^([\w.]+): ([\s\S]*)$/.exec(failed.message) ?? [null, null, failed.message];
  const titles: Record<number, string> = { 0: "No answer", 403: "This token may not be used", 404: "This token opens nothing", 429: "The server is busy", 503: "The server is not ready" };
  const lines = known?.code?.split("\n");
  const around = failed.line && lines ? lines.slice(Math.max(0, failed.line - 3), failed.line + 2).map((text, i) => {
    const number = Math.max(0, failed.line! - 3) + i + 1;
    return el("div", { class: number === failed.line ? "here" : "" }, el("i", {}, String(number)), text || " ");
  }) : null;
  return el("div", { class: "failure", role: "alert" },
    el("div", { class: "line" }, icon(...ICONS.warning), el("h2", {}, titles[failed.status] ?? kind ?? "It did not work")),
    el("p", { class: "said" }, rest ?? failed.message),
    failed.line && el("p", { class: "note" }, `In line ${failed.line} of the function.`),
    around && el("pre", { class: "around" }, ...around),
    failed.told?.stdout && el("details", { open: true }, el("summary", {}, "What it printed"), el("pre", { tabIndex: 0 }, failed.told.stdout)),
    failed.told?.stderr && el("details", {}, el("summary", {}, "Errors and traceback"), el("pre", { tabIndex: 0 }, failed.told.stderr)));
}

function empty(missing: string[]): void {
  fill(strip);
  fill(stage, message("Ready when you are", `Fill in ${missing.length > 1 ? `${missing.slice(0, -1).join(", ")} and ${missing.at(-1)}` : missing[0]}, and press Run.`));
  asking.querySelector<HTMLElement>("input, textarea, select")?.focus();
}

function message(title: string, text: string): HTMLElement {
  return el("div", { class: "message" }, mark(), el("h2", {}, title), el("p", {}, text));
}

function still(node: HTMLElement): { node: HTMLElement; close(): void } {
  return { node, close: () => {} };
}

function picture(url: string): { node: HTMLElement; close(): void } {
  const size = el("span", { class: "count" });
  const image = el("img", { src: url, alt: "The result, as a picture", onload: () => {
    size.textContent = `${image.naturalWidth} × ${image.naturalHeight} pixels`;
    image.classList.toggle("small", image.naturalWidth < 256 && image.naturalHeight < 256);
  } });
  return still(el("div", { class: "picture" }, image, size));
}

/** What may be a page with scripts gets an origin of its own: it can reach neither this page nor this server as its reader. */
function framed(values: URLSearchParams): { node: HTMLElement; close(): void } {
  const asked = new URLSearchParams(values);
  asked.set("format", "html");
  return still(el("iframe", { class: "framed", src: `${base}/run?${asked}`, sandbox: "allow-scripts allow-popups", title: "The result, as a page", referrerPolicy: "no-referrer" }));
}

function plain(value: unknown, came: string): { node: HTMLElement; close(): void } {
  if (came === "") return still(message("Nothing", "The udf gave None: it ran well, and has nothing to show."));
  if (typeof value === "number" || typeof value === "boolean") return still(el("div", { class: "value" }, came)); // as it came: 42.0 is not 42
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  const most = 200_000;
  return still(el("pre", { class: "verbatim", tabIndex: 0 }, text.length > most ? `${text.slice(0, most)}\n… and ${size(text.length - most)} more; the links below have all of it` : text));
}

async function bytes(blob: Blob, type: string): Promise<{ node: HTMLElement; close(): void }> {
  if (type.startsWith("text/") || type.includes("xml")) return still(el("pre", { class: "verbatim", tabIndex: 0 }, (await blob.slice(0, 200_000).text())));
  return still(message(`${size(blob.size)} of ${type || "bytes"}`, "A file that this page does not draw; the link below has it."));
}

function output(told: Told): { node: HTMLElement; close(): void } {
  return still(el("div", { class: "output" }, told.stdout && el("pre", { tabIndex: 0 }, told.stdout), told.stderr && el("pre", { class: "bad", tabIndex: 0 }, told.stderr)));
}

function isRecords(value: unknown): value is Record<string, unknown>[] {
  return Array.isArray(value) && value.length > 0 && value.every(one => one !== null && typeof one === "object" && !Array.isArray(one));
}

function duration(ms: number): string {
  return ms < 1 ? `${ms.toFixed(2)} ms` : ms < 10 ? `${ms.toFixed(1)} ms` : ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
}

function age(seconds: number): string {
  return seconds < 90 ? `${Math.round(seconds)} s` : seconds < 5400 ? `${Math.round(seconds / 60)} min` : seconds < 129_600 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`;
}

function size(count: number): string {
  return count < 1000 ? `${count} B` : count < 1e6 ? `${(count / 1e3).toFixed(1)} kB` : count < 1e9 ? `${(count / 1e6).toFixed(1)} MB` : `${(count / 1e9).toFixed(2)} GB`;
}

