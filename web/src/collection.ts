// The page of a collection's token: its udfs, and of each what it says of itself, asked for when it comes into sight.

import "../../src/headrace/api/pages.css";
import "./share.css";
import "./collection.css";
import { copy, el, fill, given, icon, ICONS, mark } from "./common/dom";
import { themeSwitch } from "./common/theme";
import { about, Failure, inSession, type About } from "./share/api";

interface Listed { name: string; version: number; kind: string; updated_at: string; base: string; page: string }
interface Given { name: string; owner: string; updated_at: string; udfs: Listed[]; more: number }

const AT_ONCE = 4; // udfs that are asked for their description
const SHOWN = 4; // parameters of each
const MANY = 6; // udfs from which on they can be searched
const { name, owner, updated_at, udfs, more } = given<Given>();

const count = el("p", { class: "count", role: "status" });
const list = el("ul", { class: "udfs", "aria-label": "Functions" });
const search = el("input", { type: "search", placeholder: "Find a function", "aria-label": "Find a function", oninput: () => find() });
const cards = udfs.map(card);
const total = udfs.length + more;

const app = document.getElementById("app")!;
fill(app,
  el("a", { class: "skip", href: "#udfs" }, "To the functions"),
  el("header", { class: "bar" }, el("a", { class: "brand", href: "/" }, mark(), "Headrace"), el("span", { class: "where" }, name), el("nav", { "aria-label": "Pages" }, themeSwitch())),
  el("main", { class: "collection" },
    el("header", { class: "head-of" },
      el("div", { class: "what" }, el("p", { class: "eyebrow" }, owner ? `a collection shared by ${owner}` : "a shared collection"), el("h1", {}, name),
        el("p", { class: "note" }, `${total === 1 ? "1 function" : `${total.toLocaleString("en")} functions`}, changed ${day(updated_at)}`)),
      udfs.length > MANY && el("div", { class: "finding" }, el("label", { class: "search" }, icon(...ICONS.find), search), count)),
    el("div", { id: "udfs", tabIndex: -1 }, udfs.length ? list : nothing()),
    more > 0 && el("p", { class: "note" }, `And ${more.toLocaleString("en")} more, which are called by their names.`)));
fill(list, ...cards.map(one => one.node));
app.setAttribute("aria-busy", "false");
find();

interface Card { node: HTMLElement; words(): string; describe(): Promise<void> }

function card(udf: Listed): Card {
  let words = udf.name;
  const doc = el("p", { class: "says bone-line" }), takes = el("p", { class: "takes" }), marks = el("span", { class: "marks" }), links = el("span", { class: "ways" });
  const node = el("li", { class: "card udf" },
    el("div", { class: "line" }, el("h2", {}, el("a", { href: udf.page }, udf.name)), marks), doc, takes,
    el("div", { class: "line foot" }, el("span", { class: "note" }, `v${udf.version} · ${day(udf.updated_at)}`), links));
  fill(links, address(udf));
  return {
    node,
    words: () => words,
    async describe() {
      try {
        const told = await about(udf.base);
        words = `${udf.name} ${told.doc}`;
        doc.classList.remove("bone-line");
        if (told.problem) { broken(doc, `${told.problem.kind}: ${told.problem.message}`); return; }
        fill(doc, first(told.doc) || el("i", {}, "No description."));
        fill(takes, ...parameters(told));
        fill(marks, told.place !== null && el("span", { class: "badge", title: `A map asks it tile by tile, in ${told.place}` }, icon(...ICONS.map), "map tiles"), udf.kind === "app" && el("span", { class: "badge" }, "app"));
        fill(links, address(udf), el("a", { href: inSession(`${udf.base}/openapi.json`) }, "OpenAPI"), told.place !== null && el("a", { href: inSession(`${udf.base}/tilejson.json?format=png`) }, "TileJSON"));
      } catch (wrong) {
        doc.classList.remove("bone-line");
        broken(doc, wrong instanceof Failure ? wrong.message : "The server does not answer.");
      }
    },
  };
}

function broken(place: HTMLElement, sentence: string): void {
  place.classList.add("bad");
  fill(place, icon(...ICONS.warning), " ", sentence);
}

function parameters(told: About): Node[] {
  const shown = told.parameters.slice(0, SHOWN).map(one => el("code", { title: [one.annotation, one.wants].filter(Boolean).join(": ") },
    one.name, one.required ? el("b", { title: "required" }, " required") : one.shown !== null && el("i", {}, ` = ${one.shown.length > 18 ? `${one.shown.slice(0, 17)}…` : one.shown}`)));
  const rest = told.parameters.length - shown.length;
  return [...shown, ...(rest > 0 ? [el("span", { class: "note" }, `and ${rest} more`)] : []), ...(told.parameters.length ? [] : [el("span", { class: "note" }, told.open ? "takes any parameter" : "takes no parameters")])];
}

function address(udf: Listed): HTMLButtonElement {
  const button = el("button", { type: "button", class: "quiet", "aria-label": `Copy the address of ${udf.name}`, onclick: async () => {
    await copy(location.origin + inSession(`${udf.base}/run`));
    fill(button, icon(...ICONS.done), "Copied");
    setTimeout(() => fill(button, icon(...ICONS.copy), "Address"), 1600);
  } }, icon(...ICONS.copy), "Address");
  return button;
}

function first(doc: string): string {
  const sentence = doc.split("\n\n")[0]!.replace(/\s+/g, " ");
  return sentence.length > 220 ? `${sentence.slice(0, 219)}…` : sentence;
}

function find(): void {
  const wanted = search.value.trim().toLowerCase();
  let found = 0;
  for (const one of cards) {
    const hit = one.words().toLowerCase().includes(wanted);
    one.node.hidden = !hit;
    if (hit) found++;
  }
  count.textContent = wanted ? `${found} of ${cards.length}` : "";
}

function nothing(): HTMLElement {
  return el("div", { class: "message" }, icon(...ICONS.mark), el("h2", {}, "Nothing is here yet"), el("p", {}, "Functions that are saved into this collection appear on this page."));
}

function day(moment: string): string {
  return new Date(moment).toLocaleDateString("en", { year: "numeric", month: "short", day: "numeric" });
}

// A description costs a call the first time. Those in sight are asked for, a few at once, in the order they are seen.
const waiting: Card[] = [];
let busy = 0;

function next(): void {
  while (busy < AT_ONCE && waiting.length) {
    busy++;
    void waiting.shift()!.describe().finally(() => { busy--; next(); });
  }
}

const seen = new IntersectionObserver(entries => {
  for (const entry of entries) if (entry.isIntersecting) {
    seen.unobserve(entry.target);
    waiting.push(cards.find(one => one.node === entry.target)!);
  }
  next();
}, { rootMargin: "200px" });
for (const one of cards) seen.observe(one.node);
