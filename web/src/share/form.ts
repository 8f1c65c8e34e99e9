// The form of a udf's parameters. What is left as the default is not sent.

import { el } from "../common/dom";
import type { Parameter } from "./api";

export interface Form { node: HTMLElement; values(): URLSearchParams; missing(): string[]; wanting(): string[] }

export function form(parameters: Parameter[], place: string | null, open: boolean, given: URLSearchParams): Form {
  const entries = parameters.map(parameter => entry(parameter, given, parameter.name === place));
  const known = new Set(parameters.map(parameter => parameter.name));
  const others = [...given].filter(([name]) => !known.has(name));
  const node = el("div", { class: "entries" },
    ...entries.map(one => one.node),
    !parameters.length && el("p", { class: "note" }, open ? "Takes any parameter of the address." : "Takes no parameters."));
  return {
    node,
    values() {
      const values = new URLSearchParams();
      for (const one of entries) {
        const value = one.value();
        if (value !== null) values.append(one.parameter.name, value);
      }
      for (const [name, value] of others) values.append(name, value);
      return values;
    },
    missing: () => entries.filter(one => one.parameter.required && one.value() === null).map(one => one.parameter.name),
    wanting: () => entries.filter(one => !one.valid()).map(one => one.parameter.name),
  };
}

interface Entry { parameter: Parameter; node: HTMLElement; value(): string | null; valid(): boolean }

function entry(parameter: Parameter, given: URLSearchParams, place: boolean): Entry {
  const { name, kind } = parameter;
  const came = given.getAll(name).pop() ?? null;
  const start = came ?? parameter.default ?? "";
  const id = `parameter-${name}`;
  const note = el("small", { class: "wants", id: `${id}-wants` }, place ? "where to look; a map asks for its tiles" : parameter.wants || "text");
  const common = { id, name, "aria-describedby": note.id };
  let read: () => string, control: HTMLElement, check = () => true;
  if (kind === "boolean") {
    const box = el("input", { ...common, type: "checkbox", class: "switch", role: "switch", checked: /^(true|1|yes)$/i.test(start) });
    read = () => box.checked ? "true" : "false";
    control = box;
  } else if (kind === "choice") {
    const choice = el("select", common, !parameter.required || start ? null : el("option", { value: "" }, "choose"), ...parameter.choices.map(value => el("option", { value, selected: value === start }, value)));
    read = () => choice.value;
    control = choice;
  } else if (kind === "json") {
    const area = el("textarea", { ...common, rows: start.length > 60 ? 4 : 2, spellcheck: false, value: start, placeholder: place ? "[west, south, east, north]" : "JSON" });
    read = () => area.value.trim();
    control = area;
  } else {
    const type = { integer: "number", number: "number", date: "date", datetime: "datetime-local", time: "time" }[kind] ?? "text";
    const input = el("input", { ...common, type, step: kind === "integer" ? "1" : kind === "number" ? "any" : kind === "datetime" || kind === "time" ? "1" : undefined, autocomplete: "off", spellcheck: false, placeholder: parameter.required ? "required" : parameter.shown ?? "" });
    input.value = type === "datetime-local" ? start.replace(" ", "T").slice(0, 19) : start;
    if (start && !input.value) { input.type = "text"; input.value = start; } // a default that this kind of entry cannot show
    read = () => input.value.trim();
    check = () => input.checkValidity();
    control = input;
  }
  const node = el("div", { class: `entry ${kind}` },
    el("label", { htmlFor: id }, el("b", {}, name), parameter.required && el("i", { title: "required" }, "required"), parameter.annotation && el("code", { title: parameter.annotation }, parameter.annotation)),
    control, note);
  return {
    parameter, node,
    // An address that says a value keeps saying it; an empty entry is the default, as is a value that equals it.
    value() {
      const now = read();
      if (now === "" || now === parameter.default && came === null) return null;
      if (kind === "boolean" && parameter.default === null && came === null && now === "false" && !parameter.required) return null;
      return now;
    },
    valid: check,
  };
}
