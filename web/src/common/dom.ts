// Every text comes into a page through here, as text: nothing of a result is ever read as HTML.

type Child = Node | string | number | null | undefined | false;
type Attributes = Record<string, unknown>;

/** An element. A name that starts with `on` is a listener, `class` and `aria-*` are attributes, the rest properties. */
export function el<K extends keyof HTMLElementTagNameMap>(name: K, attributes: Attributes = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value as EventListener);
    else if (key in node && key !== "list" && key !== "style") (node as unknown as Attributes)[key] = value;
    else node.setAttribute(key, value === true ? "" : String(value));
  }
  add(node, ...children);
  return node;
}

export function add(node: Node, ...children: Child[]): void {
  for (const child of children) if (child !== null && child !== undefined && child !== false) node.appendChild(typeof child === "object" ? child : document.createTextNode(String(child)));
}

export function fill(node: Element, ...children: Child[]): void {
  node.replaceChildren();
  add(node, ...children);
}

const SVG = "http://www.w3.org/2000/svg";

/** A drawn sign of 16 by 16, by the paths of its strokes. */
export function icon(...paths: string[]): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 16 16", fill: "none", stroke: "currentColor", "stroke-width": "1.5", "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true", class: "icon" })) svg.setAttribute(key, value);
  for (const d of paths) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}

export const ICONS = {
  mark: ["M1 11c3-5 5 1 8-3s4-3 6-5", "M1 15c3-5 5 1 8-3s4-3 6-5"],
  table: ["M2 3.5h12v9H2z", "M2 6.5h12M6.5 6.5v6"],
  chart: ["M2 13.5h12", "M3 10.5l3-4 3 2.5 4-5.5"],
  map: ["M2 4l4-1.5 4 1.5 4-1.5V12l-4 1.5L6 12l-4 1.5z", "M6 2.5V12M10 4v9.5"],
  picture: ["M2 3h12v10H2z", "M2 11l3.5-3.5 3 3 2-2L14 12", "M10.5 6a.6.6 0 1 0 0-.01"],
  page: ["M3.5 1.5h6l3 3v10h-9z", "M9.5 1.5v3h3"],
  code: ["M5.5 4.5L2 8l3.5 3.5M10.5 4.5L14 8l-3.5 3.5"],
  copy: ["M5.5 5.5h8v8h-8z", "M10.5 5.5v-3h-8v8h3"],
  done: ["M3 8.5l3.2 3.2L13 4.8"],
  sun: ["M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6z", "M8 1v1.4M8 13.6V15M1 8h1.4M13.6 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1"],
  moon: ["M13.5 9.8A5.8 5.8 0 0 1 6.2 2.5a5.8 5.8 0 1 0 7.3 7.3z"],
  run: ["M4.5 2.8l8 5.2-8 5.2z"],
  stop: ["M4 4h8v8H4z"],
  warning: ["M8 1.8l6.6 11.7H1.4z", "M8 6.2v3.3M8 11.6v.1"],
  find: ["M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9z", "M10.4 10.4L14 14"],
  layers: ["M8 2l6 3-6 3-6-3z", "M2 8l6 3 6-3M2 11l6 3 6-3"],
};

/** The sign of Headrace. */
export function mark(): SVGSVGElement {
  const svg = icon(...ICONS.mark);
  svg.classList.add("mark");
  return svg;
}

/** What the server put into the frame of the page. */
export function given<T>(): T {
  return JSON.parse(document.querySelector<HTMLMetaElement>('meta[name="headrace"]')!.content) as T;
}

export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export async function copy(text: string): Promise<void> {
  if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
  // Pages that came by plain HTTP have no clipboard; a selection can still be copied.
  const area = el("textarea", { value: text, class: "away" });
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}
