// A chart of a table's columns, drawn by uPlot on a canvas.

import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { colour, el, fill } from "./dom";
import type { Column, Frame } from "./frame";
import { onTheme } from "./theme";

const MOST = 400_000; // points of a line; of more, every n-th is drawn
const PALETTE = ["--water", "--series-2", "--series-3", "--series-4", "--series-5", "--series-6"];

export function chart(frame: Frame): { node: HTMLElement; close(): void } {
  const measures = frame.columns.filter(column => column.kind === "number");
  const axes = frame.columns.filter(column => column.kind === "number" || column.kind === "time" || column.kind === "text");
  const guess = frame.columns.find(column => column.kind === "time") ?? (frame.rows <= 60 ? frame.columns.find(column => column.kind === "text") : undefined);
  let across: Column | null = guess ?? null;
  let shown = measures.filter(column => column !== across).slice(0, 1);
  let style = across?.kind === "text" ? "bars" : "line";
  let plot: uPlot | null = null;

  const place = el("div", { class: "plot" });
  const note = el("p", { class: "note" });
  const acrossChoice = el("select", { "aria-label": "Across", onchange: () => { across = axes.find(column => column.name === acrossChoice.value) ?? null; if (across?.kind === "text") styleChoice.value = style = "bars"; draw(); } },
    el("option", { value: "" }, "row"), ...axes.map(column => el("option", { value: column.name, selected: column === across }, column.name)));
  const styleChoice = el("select", { "aria-label": "Drawn as", onchange: () => { style = styleChoice.value; draw(); } },
    ...["line", "points", "bars"].map(name => el("option", { value: name, selected: name === style }, name)));
  const ups = el("div", { class: "chips", role: "group", "aria-label": "Up" }, ...measures.map(column => {
    const chip = el("button", { type: "button", class: "chip", "aria-pressed": String(shown.includes(column)), onclick: () => {
      shown = shown.includes(column) ? shown.filter(other => other !== column) : [...shown, column];
      chip.setAttribute("aria-pressed", String(shown.includes(column)));
      draw();
    } }, column.name);
    return chip;
  }));
  const node = el("div", { class: "chart" },
    el("div", { class: "tools" }, el("label", {}, "Across", acrossChoice), el("label", {}, "As", styleChoice), ups), place, note);

  function draw(): void {
    plot?.destroy();
    plot = null;
    if (!shown.length || !place.clientWidth) { fill(place); note.textContent = shown.length ? "" : "Choose a column to draw."; return; }
    const step = Math.max(1, Math.ceil(frame.rows / MOST));
    const count = Math.ceil(frame.rows / step);
    const numeric = across !== null && across.kind !== "text";
    let rows = Uint32Array.from({ length: count }, (_, i) => i * step);
    if (numeric) {
      const keys = Float64Array.from(rows, row => across!.number(row));
      const there = Uint32Array.from({ length: count }, (_, i) => i).filter(i => !Number.isNaN(keys[i]!));
      rows = there.sort((a, b) => keys[a]! - keys[b]!).map(i => i * step);
    }
    const scale = across?.kind === "time" ? 1000 : 1;
    const x = numeric ? Array.from(rows, row => across!.number(row) / scale) : Array.from(rows, (_, i) => across ? i : i * step);
    const ys = shown.map(column => Array.from(rows, row => { const v = column.number(row); return Number.isNaN(v) ? null : v; }));
    note.textContent = step > 1 ? `Every ${step}th of ${frame.rows.toLocaleString("en")} rows is drawn.` : "";
    const ink = colour("--soft"), line = colour("--line");
    const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1, size: 5 }, font: "12px Inter Variable, system-ui, sans-serif" };
    const labels = across?.kind === "text" ? Array.from(rows, row => across!.text(row) ?? "") : null;
    plot = new uPlot({
      width: place.clientWidth, height: Math.max(280, Math.min(520, Math.round(innerHeight * .5))),
      scales: { x: { time: across?.kind === "time", ...(labels ? { range: (_: uPlot, low: number, high: number) => [low - .6, high + .6] as [number, number] } : {}) }, ...(style === "bars" ? { y: { range: (_: uPlot, low: number, high: number) => uPlot.rangeNum(Math.min(0, low), Math.max(0, high), .08, true) } } : {}) },
      axes: [
        labels ? { ...axis, grid: { show: false }, splits: () => labels.map((_, i) => i), values: (_: uPlot, at: number[]) => at.map(i => clipped(labels[i] ?? "")), rotate: labels.length > 8 ? -45 : 0, size: labels.length > 8 ? 90 : 44 } : axis,
        { ...axis, size: 72, values: (_: uPlot, at: number[]) => at.map(short) },
      ],
      series: [
        { label: across?.name ?? "row", ...(labels ? { value: (_: uPlot, i: number | null) => i === null ? "" : labels[i] ?? "" } : {}) },
        ...shown.map((column, i) => {
          const stroke = colour(PALETTE[i % PALETTE.length]!);
          return {
            label: column.name, stroke, width: style === "points" ? 0 : 1.75, fill: style === "bars" ? `${stroke}cc` : undefined,
            points: { show: style === "points", size: 5, fill: stroke },
            paths: style === "bars" ? uPlot.paths.bars!({ size: [.7, 80], radius: .08 }) : style === "points" ? () => null : undefined,
          };
        }),
      ],
      legend: { live: true },
    }, [x, ...ys] as uPlot.AlignedData, place);
  }

  const resized = new ResizeObserver(() => draw());
  resized.observe(place);
  onTheme(() => { if (node.isConnected) draw(); });
  return { node, close: () => { resized.disconnect(); plot?.destroy(); } };
}

function clipped(text: string): string {
  return text.length > 16 ? `${text.slice(0, 15)}…` : text;
}

function short(value: number): string {
  const size = Math.abs(value);
  for (const [unit, name] of [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e4, "k"]] as const) if (size >= unit) return `${Math.round(value / (name === "k" ? 1e3 : unit) * 100) / 100}${name}`;
  return String(Math.round(value * 1e6) / 1e6);
}
