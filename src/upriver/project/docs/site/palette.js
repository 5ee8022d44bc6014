// Search: a dialog over the page, opened by a key, answered while typing.

import { h, icon, replace } from "./dom.js";
import { KIND_ORDER, kindName } from "./data.js";
import { makeIndex, marked, search } from "./search.js";
import { kindDot } from "./tree.js";

const ROOM = 60;

export function palette(project, onOpen) {
  let index = null;
  let [found, active, kind, limit] = [[], 0, null, ROOM];
  const field = h("input", { type: "text", class: "palette-field", placeholder: "Search names, columns, descriptions, tags and code", autocomplete: "off", spellcheck: "false",
    role: "combobox", "aria-expanded": "true", "aria-controls": "palette-results", "aria-label": "Search" });
  const results = h("div", { class: "palette-results", id: "palette-results", role: "listbox", "aria-label": "Results" });
  const said = h("div", { class: "palette-said", role: "status" });
  const present = new Set([...project.resources.values()].filter((one) => !one.isHidden).map((one) => one.kind));
  const kinds = [null, ...KIND_ORDER.filter((one) => present.has(one))];
  const chips = kinds.map((one) => h("button", { type: "button", class: "toggle", "aria-pressed": String(one === null), onclick: () => choose(one) }, one ? [kindDot(one), kindName(one, true)] : "Everything"));
  const dialog = h("dialog", { class: "palette", "aria-label": "Search" },
    h("div", { class: "palette-head" }, icon("search"), field, h("kbd", {}, "Esc")),
    h("div", { class: "palette-kinds" }, chips), results, said);

  function choose(one) {
    kind = one;
    chips.forEach((button, at) => button.setAttribute("aria-pressed", String(kinds[at] === one)));
    run();
    field.focus();
  }

  function run() {
    index = index || makeIndex(project);
    const started = performance.now();
    const answer = search(index, field.value, kind);
    const took = performance.now() - started;
    found = answer.results;
    active = 0;
    limit = ROOM;
    show();
    if (!field.value.trim()) said.textContent = "Several words must all be found. Arrow keys choose, Enter opens.";
    else said.textContent = answer.total ? `${answer.total.toLocaleString("en")} found in ${took.toFixed(0)} ms` : "Nothing is called or says that.";
  }

  function show() {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    replace(results, found.slice(0, limit).map((one, at) => {
      const { resource } = one;
      return h("div", { class: "result", role: "option", id: `result-${at}`, "aria-selected": String(at === active), onclick: () => open(at), onpointermove: () => at !== active && point(at) },
        kindDot(resource.kind),
        h("div", { class: "result-words" },
          h("div", { class: "result-name" }, highlight(resource.label, words), h("span", { class: "faint" }, kindName(resource.kind), resource.package !== project.name ? ` · ${resource.package}` : "")),
          one.where !== "name" && one.note ? h("div", { class: "result-note" }, h("span", { class: "result-where" }, one.where), highlight(one.note, words)) : null));
    }));
    if (found.length > limit) results.append(h("button", { type: "button", class: "quiet-text", onclick: () => { limit = found.length; show(); } }, `Show ${found.length - limit} more`));
    field.setAttribute("aria-activedescendant", found.length ? `result-${active}` : "");
    results.scrollTop = active === 0 ? 0 : results.scrollTop;
  }

  function highlight(text, words) {
    return marked(text, words).map(([part, isMarked]) => (isMarked ? h("mark", {}, part) : part));
  }

  function point(at) {
    const options = results.querySelectorAll(".result");
    if (options[active]) options[active].setAttribute("aria-selected", "false");
    active = at;
    if (options[active]) {
      options[active].setAttribute("aria-selected", "true");
      options[active].scrollIntoView({ block: "nearest" });
      field.setAttribute("aria-activedescendant", `result-${active}`);
    }
  }

  function open(at) {
    const one = found[at];
    if (!one) return;
    dialog.close();
    onOpen(one.resource.id);
  }

  field.addEventListener("input", run);
  dialog.addEventListener("keydown", (event) => {
    const last = Math.min(found.length, limit) - 1;
    if (event.key === "ArrowDown") point(Math.min(last, active + 1));
    else if (event.key === "ArrowUp") point(Math.max(0, active - 1));
    else if (event.key === "Enter" && event.target === field) open(active);
    else return;
    event.preventDefault();
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  return {
    open() {
      if (!dialog.open) dialog.showModal();
      field.select();
      run();
    },
  };
}
