// Lineage around a resource, small on its page and large on a page of its own.

import { h, count, icon, replace } from "./dom.js";
import { KIND_ORDER, isInLineage, kindName, materializedOf } from "./data.js";
import { neighbourhood } from "./layout.js";
import { lineageView } from "./lineage.js";
import { plain } from "./markdown.js";

const EVERYTHING = 99;
const SMALL_DEPTH = 2;
const MOST_SMALL = 60;

function edgesAmong(project, ids) {
  const known = new Set(ids);
  const edges = [];
  for (const id of ids) for (const parent of project.parents.get(id) || []) if (known.has(parent)) edges.push([parent, id]);
  return edges;
}

function addressOf(resource) {
  return `#!/${resource.kind}/${encodeURIComponent(resource.id)}`;
}

export function smallLineage(project, resource) {
  const isKept = (id) => isInLineage(project.resources.get(id));
  let ids = [];
  let depth = SMALL_DEPTH;
  for (; depth > 0; depth -= 1) {
    ids = neighbourhood([resource.id], project.parents, project.children, depth, depth, isKept);
    if (ids.length <= MOST_SMALL) break;
  }
  if (ids.length === 1) return h("p", { class: "faint" }, "Nothing is connected to it.");
  const view = lineageView(project, { isSmall: true, onOpen: (id) => { location.hash = addressOf(project.resources.get(id)); } });
  view.root.classList.add("is-small");
  requestAnimationFrame(() => view.show(ids, edgesAmong(project, ids), resource.id));
  const box = h("div", { class: "small-lineage" }, view.root,
    h("div", { class: "small-lineage-foot" }, `${count(ids.length, "resource")}, ${count(Math.max(depth, 1), "step")} each way. `,
      h("a", { href: `#!/lineage/${encodeURIComponent(resource.id)}` }, "Open the whole lineage")));
  box.closePage = view.close;
  return box;
}

export function lineagePage(project, focusId) {
  const focus = project.resources.get(focusId) || null;
  const all = [...project.resources.values()].filter(isInLineage).map((resource) => resource.id);
  const state = { up: focus ? 3 : EVERYTHING, down: focus ? 3 : EVERYTHING, kinds: null, hasTests: false };
  const said = h("span", { class: "faint", role: "status" });
  const card = h("aside", { class: "lineage-card", hidden: true });
  const open = (id) => { location.hash = addressOf(project.resources.get(id)); };
  const refocus = (id) => { location.hash = `#!/lineage/${encodeURIComponent(id)}`; };
  const view = lineageView(project, { onOpen: open, onFocus: refocus, onChoose: showCard });

  function shownIds() {
    const isKept = (id) => {
      const resource = project.resources.get(id);
      const isTest = resource.kind === "test" || resource.kind === "unit_test";
      if (isTest) return state.hasTests && !resource.isHidden;
      return isInLineage(resource) && (!state.kinds || !state.kinds.has(resource.kind));
    };
    if (focus) return neighbourhood([focus.id], project.parents, project.children, state.up, state.down, isKept);
    return state.hasTests ? [...project.resources.keys()].filter(isKept) : all.filter(isKept);
  }

  function update() {
    const ids = shownIds();
    const edges = edgesAmong(project, ids);
    view.show(ids, edges, focus ? focus.id : null);
    const layers = new Set([...view.state.layout.places.values()].map((place) => place.layer)).size;
    said.textContent = `${count(ids.length, "resource")}, ${count(edges.length, "edge")}, ${count(layers, "layer")}`;
    showCard(null);
  }

  function showCard(id) {
    card.hidden = !id;
    if (!id) return;
    const resource = project.resources.get(id);
    const up = (project.parents.get(id) || []).length;
    const down = (project.children.get(id) || []).filter((one) => isInLineage(project.resources.get(one))).length;
    replace(card,
      h("div", { class: "card-head" }, h("span", { class: "badge", data: { kind: resource.kind } }, kindName(resource.kind)),
        h("span", { class: "faint" }, materializedOf(resource)),
        h("button", { type: "button", class: "quiet", "aria-label": "Close", onclick: () => view.choose(null) }, icon("close"))),
      h("strong", { class: "card-title" }, resource.label),
      h("p", { class: "faint" }, plain(resource.description, 200) || "Without a description"),
      h("p", { class: "faint" }, `Reads ${up}, read by ${down}`),
      h("div", { class: "actions" },
        h("a", { class: "button is-main", href: addressOf(resource) }, "Open"),
        h("a", { class: "button", href: `#!/lineage/${encodeURIComponent(id)}` }, icon("focus"), "Focus")));
  }

  const stepper = (label, key) => {
    const value = h("output", { class: "stepper-value" });
    const show = () => (value.textContent = state[key] >= EVERYTHING ? "all" : String(state[key]));
    const change = (by) => {
      const now = state[key] >= EVERYTHING ? 8 : state[key];
      state[key] = Math.max(0, now + by) > 7 && by > 0 ? EVERYTHING : Math.max(0, now + by);
      show();
      update();
    };
    show();
    return h("div", { class: "stepper", role: "group", "aria-label": `${label} steps` }, h("span", { class: "stepper-label" }, label),
      h("button", { type: "button", class: "quiet", "aria-label": `Fewer ${label.toLowerCase()} steps`, onclick: () => change(-1) }, icon("minus")), value,
      h("button", { type: "button", class: "quiet", "aria-label": `More ${label.toLowerCase()} steps`, onclick: () => change(1) }, icon("plus")));
  };

  const present = new Set(all.map((id) => project.resources.get(id).kind));
  const toggles = KIND_ORDER.filter((kind) => present.has(kind)).map((kind) => {
    const button = h("button", { type: "button", class: "toggle", "aria-pressed": "true", data: { kind } }, h("span", { class: "dot", data: { kind } }), kindName(kind, true));
    button.addEventListener("click", () => {
      state.kinds = state.kinds || new Set();
      if (state.kinds.has(kind)) state.kinds.delete(kind);
      else state.kinds.add(kind);
      button.setAttribute("aria-pressed", String(!state.kinds.has(kind)));
      update();
    });
    return button;
  });
  const tests = h("button", { type: "button", class: "toggle", "aria-pressed": "false", onclick: () => {
    state.hasTests = !state.hasTests;
    tests.setAttribute("aria-pressed", String(state.hasTests));
    update();
  } }, h("span", { class: "dot", data: { kind: "test" } }), "Tests");

  const page = h("article", { class: "lineage-page" },
    h("header", { class: "lineage-head" },
      h("div", {}, h("h1", {}, focus ? ["Lineage of ", h("a", { href: addressOf(focus) }, focus.label)] : "Lineage"), said),
      h("div", { class: "lineage-tools" },
        focus ? [stepper("Upstream", "up"), stepper("Downstream", "down"), h("a", { class: "button", href: "#!/lineage" }, "Whole project")] : null,
        h("div", { class: "toggles" }, toggles, tests))),
    h("div", { class: "lineage-stage" }, view.root, card));
  page.closePage = view.close;
  requestAnimationFrame(() => {
    update();
    view.focusCanvas();
  });
  return page;
}
