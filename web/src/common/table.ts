// A table that draws the rows that are in sight and no others: sorted, filtered, and moved through by keys.

import { el, fill, icon, ICONS } from "./dom";
import type { Column, Frame } from "./frame";

const ROW = 32; // pixels
const TALLEST = 8_000_000; // pixels; browsers stop at 17 to 33 million, so longer tables are scrolled in larger steps
const SLICE = 40_000; // rows looked through before the page may draw again

export interface TableView { node: HTMLElement; close(): void }

export function table(frame: Frame, chosen?: string[]): TableView {
  const columns = chosen ? frame.columns.filter(column => chosen.includes(column.name)) : frame.columns;
  let order: Uint32Array | null = null; // the rows in sight's order, or null for as they came
  let matching: Uint32Array | null = null;
  let sorted: { column: Column; down: boolean } | null = null;
  let active = -1, first = 0, work = 0;

  const widths = columns.map(column => widthOf(column, frame.rows));
  const template = widths.map((width, i) => i < widths.length - 1 ? `${width}px` : `minmax(${width}px, 1fr)`).join(" ");
  const count = el("span", { class: "count", role: "status" });
  const filter = el("input", { type: "search", placeholder: "Filter rows", "aria-label": "Filter rows", oninput: () => later(() => refilter()) });
  const body = el("div", { class: "rows", role: "rowgroup" });
  const spacer = el("div", { class: "spacer", role: "presentation" }, body);
  const heads = columns.map(column => head(column));
  const header = el("div", { class: "head", role: "row", "aria-rowindex": 1 }, ...heads);
  const scroller = el("div", {
    class: "grid", role: "grid", tabIndex: 0, "aria-label": "Result", "aria-colcount": columns.length,
    onscroll: () => draw(), onkeydown: (event: KeyboardEvent) => move(event),
  }, header, spacer);
  header.style.gridTemplateColumns = template;
  const wide = `${widths.reduce((a, b) => a + b, 0)}px`;
  header.style.minWidth = spacer.style.minWidth = wide;
  const node = el("div", { class: "table" },
    el("div", { class: "tools" }, el("label", { class: "find" }, icon(...ICONS.find), filter), count),
    scroller);

  let timer = 0;
  function later(act: () => void): void {
    clearTimeout(timer);
    timer = window.setTimeout(act, 120);
  }

  function rows(): number { return order ? order.length : frame.rows; }
  function rowAt(place: number): number { return order ? order[place]! : place; }
  function height(): number { return Math.min(rows() * ROW, TALLEST); }
  function inSight(): number { return Math.max(1, Math.floor((scroller.clientHeight - header.offsetHeight) / ROW)); }

  function head(column: Column): HTMLElement {
    const sign = el("span", { class: "sign", "aria-hidden": "true" });
    const button = el("button", { type: "button", class: "sort", title: `Sort by ${column.name}`, onclick: () => {
      const down: boolean = sorted?.column === column ? !sorted.down : false;
      sorted = sorted?.column === column && sorted.down ? null : { column, down };
      void reorder();
    } }, el("b", {}, column.name), sign, el("small", {}, column.type));
    return el("div", { class: `cell ${column.kind}`, role: "columnheader", "aria-sort": "none" }, button);
  }

  async function refilter(): Promise<void> {
    const wanted = filter.value.trim().toLowerCase(), mine = ++work;
    if (!wanted) { matching = null; return reorder(); }
    const found = new Uint32Array(frame.rows);
    let n = 0;
    for (let from = 0; from < frame.rows; from += SLICE) {
      const to = Math.min(from + SLICE, frame.rows);
      for (let row = from; row < to; row++) {
        for (const column of columns) {
          if (column.kind !== "geometry" && column.text(row)?.toLowerCase().includes(wanted)) { found[n++] = row; break; }
        }
      }
      count.textContent = `looking through ${to.toLocaleString("en")} rows`;
      await breathe();
      if (mine !== work) return;
    }
    matching = found.slice(0, n);
    return reorder();
  }

  async function reorder(): Promise<void> {
    const mine = ++work;
    heads.forEach((cell, i) => {
      const here = sorted?.column === columns[i];
      cell.setAttribute("aria-sort", here ? sorted!.down ? "descending" : "ascending" : "none");
      cell.querySelector(".sign")!.textContent = here ? sorted!.down ? "↓" : "↑" : "";
    });
    if (sorted) {
      count.textContent = "sorting";
      await breathe();
      if (mine !== work) return;
      order = sortedRows(sorted.column, sorted.down, matching, frame.rows);
    } else order = matching;
    active = -1;
    scroller.scrollTop = 0;
    size();
  }

  function size(): void {
    spacer.style.height = `${height()}px`;
    scroller.setAttribute("aria-rowcount", String(rows() + 1));
    const all = frame.rows.toLocaleString("en");
    count.textContent = (order && order.length !== frame.rows ? `${order.length.toLocaleString("en")} of ${all} rows` : `${all} ${frame.rows === 1 ? "row" : "rows"}`) + (frame.cut ? ", the first of more" : "");
    node.classList.toggle("none", rows() === 0);
    draw();
  }

  function draw(): void {
    const seen = inSight() + 2;
    const reach = Math.max(1, height() - (scroller.clientHeight - header.offsetHeight));
    const share = Math.min(1, scroller.scrollTop / reach);
    const exact = rows() * ROW <= TALLEST;
    first = exact ? Math.floor(scroller.scrollTop / ROW) : Math.round(share * Math.max(0, rows() - inSight()));
    const last = Math.min(rows(), first + seen);
    body.style.transform = `translateY(${exact ? first * ROW : Math.min(scroller.scrollTop, Math.max(0, height() - (last - first) * ROW))}px)`;
    const lines: HTMLElement[] = [];
    for (let place = first; place < last; place++) {
      const row = rowAt(place);
      const cells = columns.map(column => {
        const text = column.text(row);
        return el("div", { class: `cell ${column.kind}${text === null ? " null" : ""}`, role: "gridcell", title: text && text.length > 24 ? text.slice(0, 1000) : undefined }, text === null ? "null" : text.length > 400 ? `${text.slice(0, 400)}…` : text);
      });
      const line = el("div", { class: `row${place === active ? " active" : ""}`, role: "row", id: `row-${place}`, "aria-rowindex": place + 2, onclick: () => { active = place; draw(); } }, ...cells);
      line.style.gridTemplateColumns = template;
      lines.push(line);
    }
    fill(body, ...lines);
    if (active >= first && active < last) scroller.setAttribute("aria-activedescendant", `row-${active}`);
    else scroller.removeAttribute("aria-activedescendant");
  }

  function show(place: number): void {
    const reach = Math.max(1, height() - (scroller.clientHeight - header.offsetHeight));
    if (rows() * ROW <= TALLEST) {
      if (place < first) scroller.scrollTop = place * ROW;
      else if (place >= first + inSight()) scroller.scrollTop = (place - inSight() + 1) * ROW;
    } else if (place < first || place >= first + inSight()) {
      scroller.scrollTop = reach * Math.max(0, place < first ? place : place - inSight() + 1) / Math.max(1, rows() - inSight());
    }
  }

  function move(event: KeyboardEvent): void {
    if (event.target !== scroller) return;
    const steps: Record<string, number> = { ArrowDown: active + 1, ArrowUp: active - 1, PageDown: active + inSight(), PageUp: active - inSight(), Home: 0, End: rows() - 1 };
    const to = steps[event.key];
    if (to === undefined || !rows()) return;
    event.preventDefault();
    active = Math.max(0, Math.min(rows() - 1, to));
    show(active);
    draw();
  }

  const resized = new ResizeObserver(() => draw());
  resized.observe(scroller);
  size();
  return { node, close: () => { resized.disconnect(); work++; } };
}

function breathe(): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, 0));
}

function sortedRows(column: Column, down: boolean, among: Uint32Array | null, rows: number): Uint32Array {
  const order = among ? among.slice() : Uint32Array.from({ length: rows }, (_, i) => i);
  const sign = down ? -1 : 1;
  if (column.kind === "number" || column.kind === "time" || column.kind === "boolean") {
    const keys = new Float64Array(rows);
    for (const row of order) keys[row] = column.number(row);
    // What is not there comes last, in both directions.
    return order.sort((a, b) => {
      const x = keys[a]!, y = keys[b]!;
      return Number.isNaN(x) ? Number.isNaN(y) ? a - b : 1 : Number.isNaN(y) ? -1 : x === y ? a - b : x < y ? -sign : sign;
    });
  }
  const keys: (string | null)[] = [];
  for (const row of order) keys[row] = column.text(row);
  return order.sort((a, b) => {
    const x = keys[a] ?? null, y = keys[b] ?? null;
    return x === null ? y === null ? a - b : 1 : y === null ? -1 : x === y ? a - b : x < y ? -sign : sign;
  });
}

function widthOf(column: Column, rows: number): number {
  let longest = Math.max(column.name.length + 2, column.type.length);
  for (let row = 0; row < Math.min(rows, 80); row++) longest = Math.max(longest, column.text(row)?.length ?? 4);
  return Math.round(Math.min(340, Math.max(92, longest * 8.1 + 34)));
}
