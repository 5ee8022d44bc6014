// The frame around the pages, and which page an address means.

import { h, icon, replace } from "./dom.js";
import { KINDS, loadProject } from "./data.js";
import { addressOf, kindPage, messagePage, overviewPage, resourcePage, setProject } from "./pages.js";
import { lineagePage } from "./lineage_page.js";
import { palette } from "./palette.js";
import { sidebar } from "./tree.js";

const app = document.getElementById("app");

async function start() {
  let project;
  try {
    project = await loadProject();
  } catch (error) {
    replace(app, h("div", { class: "boot" }, h("h1", {}, "There is no documentation yet"), h("p", {}, error.message)));
    return;
  }
  setProject(project);
  document.title = `${project.name} documentation`;
  const openResource = (id) => { location.hash = addressOf(project.resources.get(id)); };
  const side = sidebar(project, openResource);
  const finder = palette(project, openResource);
  const help = helpDialog();
  const main = h("main", { id: "main", tabindex: "-1" });
  const menu = h("button", { type: "button", class: "quiet menu-button", "aria-label": "Resources", onclick: () => document.body.classList.toggle("has-side") }, icon("menu"));
  replace(app,
    h("a", { class: "skip", href: "#main", onclick: (event) => { event.preventDefault(); main.focus(); } }, "Skip to the page"),
    h("header", { class: "top" }, menu,
      h("a", { class: "brand", href: "#!/overview" }, mark(), h("span", {}, project.name)),
      h("button", { type: "button", class: "search-button", onclick: finder.open }, icon("search"), h("span", {}, "Search the project"), h("kbd", {}, "/")),
      h("div", { class: "top-tools" },
        h("a", { class: "quiet", href: "#!/lineage", title: "Lineage", "aria-label": "Lineage" }, icon("graph")),
        h("button", { type: "button", class: "quiet", title: "Keys", "aria-label": "Keys", onclick: () => help.showModal() }, icon("help")),
        themeButton())),
    side.root, main, h("div", { class: "side-shade", onclick: () => document.body.classList.remove("has-side") }));

  function route() {
    const parts = location.hash.replace(/^#!?\/?/, "").split("?")[0].split("/").map(decode);
    const [kind, id] = parts;
    if (main.firstChild && main.firstChild.closePage) main.firstChild.closePage();
    main.querySelectorAll("*").forEach((element) => element.closePage && element.closePage());
    document.body.classList.remove("has-side");
    const resource = project.resources.get(id) || null;
    let page;
    if (!kind || kind === "overview") page = overviewPage(project);
    else if (kind === "lineage") page = lineagePage(project, id);
    else if (kind === "list" && KINDS[id]) page = kindPage(project, id);
    else if (resource) page = resourcePage(project, resource);
    else page = messagePage("Nothing is here", `The project has no resource ${id || kind}.`);
    replace(main, page);
    main.scrollTop = 0;
    main.classList.toggle("is-still", kind === "lineage" || kind === "list");
    const title = page.querySelector("h1");
    document.title = title ? `${title.textContent} · ${project.name}` : project.name;
    if (resource) side.select(resource.id);
  }

  function onKey(event) {
    const isTyping = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
    if ((event.key === "k" && (event.ctrlKey || event.metaKey)) || (event.key === "/" && !isTyping)) {
      event.preventDefault();
      finder.open();
      return;
    }
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const actions = {
      "?": () => help.showModal(),
      t: toggleTheme,
      l: () => {
        const id = decode(location.hash.split("/")[2] || "");
        location.hash = project.resources.has(id) ? `#!/lineage/${encodeURIComponent(id)}` : "#!/lineage";
      },
      o: () => { location.hash = "#!/overview"; },
      s: side.focus,
    };
    if (actions[event.key]) {
      event.preventDefault();
      actions[event.key]();
    }
  }

  window.addEventListener("hashchange", route);
  window.addEventListener("keydown", onKey);
  route();
  document.documentElement.dataset.ready = "true";
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    return text;
  }
}

function mark() {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 32 32");
  svg.setAttribute("class", "mark");
  svg.setAttribute("aria-hidden", "true");
  for (const [tag, attributes] of [
    ["rect", { width: 32, height: 32, rx: 9 }],
    ["path", { d: "M6 20.5c4 0 4-4 8-4s4 4 8 4 4-4 4-4M6 13.5c4 0 4-4 8-4s4 4 8 4 4-4 4-4" }],
  ]) {
    const part = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(attributes)) part.setAttribute(key, value);
    svg.append(part);
  }
  return svg;
}

function isDark() {
  const set = document.documentElement.dataset.theme;
  return set ? set === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function toggleTheme() {
  const theme = isDark() ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem("upriver-docs-theme", theme);
  } catch (error) {
    // It is kept for this visit only.
  }
  document.dispatchEvent(new Event("themechange"));
}

function themeButton() {
  const button = h("button", { type: "button", class: "quiet", title: "Light or dark", "aria-label": "Light or dark", onclick: toggleTheme });
  const show = () => replace(button, icon(isDark() ? "sun" : "moon"));
  document.addEventListener("themechange", show);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    show();
    document.dispatchEvent(new Event("themechange"));
  });
  show();
  return button;
}

function helpDialog() {
  const keys = [
    ["/", "Search, as Ctrl K"], ["o", "The project"], ["l", "Lineage of what is shown"], ["s", "Resources at the side; arrow keys move there"],
    ["t", "Light or dark"], ["← →", "In the lineage: to what is read, and to what reads"], ["↑ ↓", "In the lineage: beside"],
    ["Enter", "Open"], ["f", "In the lineage: focus"], ["+ − 0", "In the lineage: zoom, and show everything"],
  ];
  const dialog = h("dialog", { class: "help", "aria-label": "Keys" }, h("h2", {}, "Keys"),
    h("dl", {}, keys.map(([key, text]) => [h("dt", {}, key.split(" ").map((one) => h("kbd", {}, one))), h("dd", {}, text)])),
    h("button", { type: "button", class: "button", onclick: () => dialog.close() }, "Close"));
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  return dialog;
}

start();
