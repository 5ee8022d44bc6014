// The trees at the side: the project's folders, the warehouse's schemas, groups.

import { h, icon } from "./dom.js";
import { KINDS, KIND_ORDER, kindName } from "./data.js";
import { rowList } from "./rows.js";

const ROW = 29;
const NAMED_APART = ["source", "exposure", "semantic_model", "metric", "saved_query"];

// A folder is {key, label, children: Map, items: []}; an item is a resource.
function folder(key, label) {
  return { key, label, folders: new Map(), items: [] };
}

function inFolder(parent, name) {
  const key = `${parent.key}/${name}`;
  if (!parent.folders.has(key)) parent.folders.set(key, folder(key, name));
  return parent.folders.get(key);
}

function shownResources(project) {
  return [...project.resources.values()].filter((resource) => !resource.isHidden);
}

export function projectTree(project) {
  const root = folder("project", "");
  const apart = new Map(NAMED_APART.map((kind) => [kind, inFolder(root, kindName(kind, true))]));
  for (const resource of shownResources(project)) {
    const { kind, raw } = resource;
    if (kind === "unit_test" || (kind === "test" && raw.test_metadata)) continue;
    if (kind === "source") {
      inFolder(apart.get(kind), raw.source_name).items.push([raw.name, resource]);
    } else if (apart.has(kind)) {
      apart.get(kind).items.push([resource.label, resource]);
    } else {
      let place = inFolder(root, resource.package);
      for (const part of resource.path.split("/").slice(0, -1)) if (part && part !== ".") place = inFolder(place, part);
      place.items.push([resource.label, resource]);
    }
  }
  for (const [kind, one] of apart) if (!one.items.length && !one.folders.size) root.folders.delete(`project/${kindName(kind, true)}`);
  sortFolder(root);
  // The project's own package first, then what is in no folder, then the installed packages.
  const first = [project.name, ...NAMED_APART.map((kind) => kindName(kind, true))].map((name) => `project/${name}`);
  const named = first.filter((key) => root.folders.has(key)).map((key) => [key, root.folders.get(key)]);
  root.folders = new Map([...named, ...root.folders]);
  return root;
}

export function databaseTree(project) {
  const root = folder("database", "");
  for (const resource of shownResources(project)) {
    const { raw } = resource;
    if (!raw.relation_name || !["model", "seed", "snapshot", "source"].includes(resource.kind)) continue;
    const place = inFolder(inFolder(root, raw.database || "database"), raw.schema || "schema");
    place.items.push([raw.identifier || raw.alias || raw.name, resource]);
  }
  sortFolder(root);
  return root;
}

export function groupTree(project) {
  const root = folder("group", "");
  for (const resource of shownResources(project)) {
    const name = resource.raw.group || (resource.raw.config && resource.raw.config.group);
    if (name) inFolder(root, name).items.push([resource.label, resource]);
  }
  sortFolder(root);
  return root;
}

function sortFolder(one) {
  one.items.sort((a, b) => KIND_ORDER.indexOf(a[1].kind) - KIND_ORDER.indexOf(b[1].kind) || a[0].localeCompare(b[0]));
  one.folders = new Map([...one.folders].sort((a, b) => a[1].label.localeCompare(b[1].label)));
  for (const child of one.folders.values()) sortFolder(child);
}

export function sidebar(project, onOpen) {
  const trees = [
    { name: "Project", root: projectTree(project) },
    { name: "Database", root: databaseTree(project) },
  ];
  const groups = groupTree(project);
  if (groups.folders.size) trees.push({ name: "Groups", root: groups });
  const opened = new Set();
  for (const tree of trees) openTop(tree.root, opened);
  let [current, rows, active, selected] = [trees[0], [], 0, null];

  const list = rowList({ height: ROW, total: () => rows.length, render, label: "Resources", role: "tree" });
  list.root.tabIndex = 0;
  list.root.addEventListener("keydown", onKey);
  list.root.addEventListener("focus", () => list.refresh());
  const tabs = trees.map((tree) => h("button", { type: "button", role: "tab", class: "tab", onclick: () => change(tree) }, tree.name));
  const root = h("nav", { class: "sidebar", "aria-label": "Resources" }, h("div", { class: "tabs", role: "tablist" }, tabs), list.root);

  function openTop(one, into) {
    let place = one;
    while (place.folders.size && place.items.length === 0) {
      const below = [...place.folders.values()];
      const first = below.find((child) => child.label === "models") || below[0];
      into.add(first.key);
      if (place.folders.size > 1 && place !== one) break;
      place = first;
    }
  }

  function change(tree) {
    current = tree;
    tabs.forEach((tab, at) => tab.setAttribute("aria-selected", String(trees[at] === tree)));
    flatten();
    const at = rows.findIndex((row) => row.resource && row.resource.id === selected);
    if (at < 0 && selected) select(selected);
    list.root.scrollTop = 0;
    list.refresh();
    if (active >= 0) list.reveal(active);
  }

  function flatten() {
    rows = [];
    const walk = (one, level) => {
      for (const child of one.folders.values()) {
        rows.push({ folder: child, level });
        if (opened.has(child.key)) walk(child, level + 1);
      }
      for (const [label, resource] of one.items) rows.push({ resource, label, level });
    };
    walk(current.root, 0);
  }

  function render(index) {
    const row = rows[index];
    const indent = { paddingLeft: `${10 + row.level * 15}px` };
    const isActive = index === active ? " is-active" : "";
    if (row.folder) {
      const isOpen = opened.has(row.folder.key);
      return h("div", { class: `row folder${isOpen ? " is-open" : ""}${isActive}`, role: "treeitem", "aria-level": row.level + 1, "aria-expanded": String(isOpen), style: indent, onclick: () => toggle(index) },
        icon("chevron"), h("span", { class: "row-label" }, row.folder.label), h("span", { class: "row-count" }, countIn(row.folder)));
    }
    const isSelected = row.resource.id === selected;
    return h("div", { class: `row item${isSelected ? " is-selected" : ""}${isActive}`, role: "treeitem", "aria-level": row.level + 1, "aria-selected": String(isSelected), title: row.label, style: indent, onclick: () => { active = index; onOpen(row.resource.id); } },
      h("span", { class: "dot", data: { kind: row.resource.kind } }), h("span", { class: "row-label" }, row.label));
  }

  function toggle(index) {
    const { key } = rows[index].folder;
    if (opened.has(key)) opened.delete(key);
    else opened.add(key);
    active = index;
    flatten();
    list.refresh();
  }

  function onKey(event) {
    const row = rows[active];
    const move = (to) => {
      active = Math.max(0, Math.min(rows.length - 1, to));
      list.refresh();
      list.reveal(active);
    };
    const actions = {
      ArrowDown: () => move(active + 1),
      ArrowUp: () => move(active - 1),
      Home: () => move(0),
      End: () => move(rows.length - 1),
      PageDown: () => move(active + 15),
      PageUp: () => move(active - 15),
      Enter: () => (row.folder ? toggle(active) : onOpen(row.resource.id)),
      " ": () => (row.folder ? toggle(active) : onOpen(row.resource.id)),
      ArrowRight: () => (row.folder && !opened.has(row.folder.key) ? toggle(active) : move(active + 1)),
      ArrowLeft: () => {
        if (row.folder && opened.has(row.folder.key)) return toggle(active);
        let at = active;
        while (at > 0 && !(rows[at].folder && rows[at].level < row.level)) at -= 1;
        return move(at);
      },
    };
    if (!row || !actions[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    actions[event.key]();
  }

  // Open the folders above a resource and scroll to it.
  function select(id) {
    selected = id;
    const path = pathTo(current.root, id);
    if (path) path.forEach((key) => opened.add(key));
    flatten();
    active = rows.findIndex((row) => row.resource && row.resource.id === id);
    list.refresh();
    if (active >= 0) list.reveal(active);
    else active = 0;
  }

  change(trees[0]);
  return { root, select, focus: () => list.root.focus() };
}

function pathTo(one, id) {
  if (one.items.some(([, resource]) => resource.id === id)) return [];
  for (const child of one.folders.values()) {
    const below = pathTo(child, id);
    if (below) return [child.key, ...below];
  }
  return null;
}

const counts = new WeakMap();

function countIn(one) {
  if (!counts.has(one)) {
    counts.set(one, [...one.folders.values()].reduce((sum, child) => sum + countIn(child), one.items.length));
  }
  return counts.get(one);
}

export function kindDot(kind) {
  return h("span", { class: "dot", data: { kind }, title: kindName(kind) });
}

export function kindBadge(kind) {
  return h("span", { class: "badge", data: { kind } }, (KINDS[kind] || [kind])[0]);
}

