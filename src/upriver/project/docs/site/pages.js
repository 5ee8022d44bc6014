// The pages: the project, one resource, all resources of a kind.

import { h, count, copyButton, icon, link } from "./dom.js";
import { KIND_ORDER, columnsOf, deferredTo, docBlock, entryOf, isInLineage, kindName, materializedOf, relationOf, testWords } from "./data.js";
import { codeBlock } from "./code.js";
import { inline, markdown, plain } from "./markdown.js";
import { kindBadge, kindDot } from "./tree.js";
import { rowList } from "./rows.js";
import { smallLineage } from "./lineage_page.js";

const DOCUMENTED = ["model", "source", "seed", "snapshot"];

export function addressOf(resource) {
  return `#!/${resource.kind}/${encodeURIComponent(resource.id)}`;
}

export function resourceLink(resource, label) {
  return h("a", { href: addressOf(resource), class: "resource-link" }, kindDot(resource.kind), h("span", {}, label || resource.label));
}

function section(title, id, ...content) {
  return h("section", { id, class: "section" }, h("h2", {}, title), ...content);
}

function fact(label, value) {
  if (value === null || value === undefined || value === "" || value === false) return null;
  return [h("dt", {}, label), h("dd", {}, value)];
}

function ago(text) {
  const moment = new Date(text);
  return Number.isNaN(moment.getTime()) ? text : moment.toLocaleString("en", { dateStyle: "medium", timeStyle: "short" });
}

// ---------------------------------------------------------------- the project

export function overviewPage(project) {
  const { manifest } = project;
  const written = docBlock(project, "__overview__");
  const shown = [...project.resources.values()].filter((resource) => !resource.isHidden);
  const byKind = new Map();
  for (const resource of shown) byKind.set(resource.kind, (byKind.get(resource.kind) || 0) + 1);
  const tiles = KIND_ORDER.filter((kind) => byKind.get(kind)).map((kind) =>
    h("a", { class: "tile", href: `#!/list/${kind}` },
      h("span", { class: "tile-number" }, byKind.get(kind).toLocaleString("en")),
      h("span", { class: "tile-name" }, kindDot(kind), kindName(kind, byKind.get(kind) !== 1))));
  return h("article", { class: "page" },
    h("header", { class: "page-head" },
      h("div", { class: "crumbs" }, "Project"),
      h("h1", {}, project.name),
      h("p", { class: "under" },
        [manifest.metadata.adapter_type, project.generatedAt && `written ${ago(project.generatedAt)}`].filter(Boolean).join(" · ")),
      h("div", { class: "actions" }, h("a", { class: "button", href: "#!/lineage" }, icon("graph"), "Lineage of the project"))),
    project.errors.length ? h("div", { class: "note is-warning" }, "The catalog is incomplete: ", h("code", {}, project.errors[0])) : null,
    !project.catalog ? h("div", { class: "note" }, "There is no catalog: column types come from the project alone.") : null,
    h("div", { class: "tiles" }, tiles),
    written ? h("section", { class: "section" }, markdown(written)) : null,
    coverage(project, shown),
    packages(project),
    exposures(shown));
}

function coverage(project, shown) {
  const rows = DOCUMENTED.map((kind) => {
    const all = shown.filter((resource) => resource.kind === kind && resource.package === project.name);
    if (!all.length) return null;
    const described = all.filter((resource) => resource.description.trim()).length;
    const tested = all.filter((resource) => project.tests.has(resource.id) || project.unitTests.has(resource.id)).length;
    return h("tr", {},
      h("td", {}, h("a", { href: `#!/list/${kind}` }, kindName(kind, true))),
      h("td", {}, bar(described, all.length)),
      h("td", {}, bar(tested, all.length)));
  }).filter(Boolean);
  if (!rows.length) return null;
  return section("Coverage", "coverage",
    h("div", { class: "table-wrap" }, h("table", { class: "facts-table" },
      h("thead", {}, h("tr", {}, h("th", {}, "Of this project"), h("th", {}, "Described"), h("th", {}, "Tested"))),
      h("tbody", {}, rows))));
}

function bar(part, whole) {
  const percent = Math.round((100 * part) / whole);
  return h("div", { class: "bar", title: `${part} of ${whole}` },
    h("div", { class: "bar-track" }, h("div", { class: "bar-fill", style: { width: `${percent}%` } })),
    h("span", { class: "bar-text" }, `${percent}% `, h("span", { class: "faint" }, `${part} of ${whole}`)));
}

function packages(project) {
  const names = new Set([...project.resources.values()].map((resource) => resource.package));
  names.delete(project.name);
  const written = [project.name, ...names].map((name) => [name, docBlock(project, `__${name}__`)]).filter(([, text]) => text);
  const others = [...names].filter(Boolean).sort();
  if (!others.length && !written.length) return null;
  return section("Packages", "packages",
    written.map(([name, text]) => h("div", { class: "card" }, h("h3", {}, name), markdown(text))),
    others.length ? h("p", { class: "chips" }, others.map((name) => h("span", { class: "chip" }, name))) : null);
}

function exposures(shown) {
  const found = shown.filter((resource) => resource.kind === "exposure");
  if (!found.length) return null;
  return section("Exposures", "exposures", h("div", { class: "cards" }, found.slice(0, 24).map((resource) =>
    h("a", { class: "card is-link", href: addressOf(resource) },
      h("div", { class: "card-head" }, kindDot("exposure"), h("strong", {}, resource.raw.label || resource.name), resource.raw.type ? h("span", { class: "chip" }, resource.raw.type) : null),
      h("p", { class: "faint" }, plain(resource.description, 140) || "Without a description")))));
}

// ---------------------------------------------------------------- all of a kind

export function kindPage(project, kind) {
  const all = [...project.resources.values()].filter((resource) => resource.kind === kind && !resource.isHidden);
  all.sort((a, b) => a.label.localeCompare(b.label));
  let shown = all;
  const said = h("span", { class: "faint" });
  const list = rowList({ height: 46, total: () => shown.length, label: kindName(kind, true), render: (index) => {
    const resource = shown[index];
    return h("a", { class: "list-row", href: addressOf(resource), role: "listitem" },
      h("span", { class: "list-name" }, kindDot(kind), h("span", {}, resource.label)),
      h("span", { class: "list-more" }, plain(resource.description, 160) || h("span", { class: "faint" }, resource.path)),
      h("span", { class: "list-side" }, materializedOf(resource) || resource.raw.type || ""));
  } });
  const filter = h("input", { type: "search", class: "field", placeholder: `Filter ${kindName(kind, true).toLowerCase()}`, "aria-label": "Filter by name or description" });
  filter.addEventListener("input", () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    shown = all.filter((resource) => {
      const text = `${resource.label} ${resource.description} ${resource.tags.join(" ")} ${resource.path}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
    update();
  });
  function update() {
    said.textContent = shown.length === all.length ? count(all.length, kindName(kind).toLowerCase(), kindName(kind, true).toLowerCase()) : `${shown.length.toLocaleString("en")} of ${all.length.toLocaleString("en")}`;
    list.refresh();
  }
  requestAnimationFrame(update);
  return h("article", { class: "page is-list" },
    h("header", { class: "page-head" }, h("div", { class: "crumbs" }, h("a", { href: "#!/overview" }, project.name)), h("h1", {}, kindName(kind, true)),
      h("div", { class: "list-tools" }, filter, said)),
    list.root);
}

// ---------------------------------------------------------------- one resource

export function resourcePage(project, resource) {
  const sections = [
    resource.description.trim() ? section("Description", "description", markdown(resource.description)) : null,
    columnSection(project, resource),
    argumentSection(resource),
    ...semanticSections(resource),
    isInLineage(resource) ? section("Lineage", "lineage", smallLineage(project, resource)) : null,
    testSection(project, resource),
    unitTestParts(resource),
    codeSection(resource),
    dependencySection(project, resource),
    detailSection(resource),
  ].filter(Boolean);
  const contents = h("nav", { class: "contents", "aria-label": "On this page" },
    sections.map((one) => h("a", { href: `#${one.id}`, onclick: (event) => { event.preventDefault(); one.scrollIntoView({ behavior: "smooth", block: "start" }); } }, one.querySelector("h2").firstChild.textContent)));
  return h("article", { class: "page" }, head(project, resource), h("div", { class: "page-body" }, h("div", { class: "page-main" }, sections), contents));
}

function head(project, resource) {
  const { raw } = resource;
  const relation = relationOf(resource);
  const deferred = deferredTo(project, resource);
  const age = project.ages.get(resource.id);
  const outcome = project.outcomes.get(resource.id);
  const chips = [
    kindBadge(resource.kind),
    chip(materializedOf(resource) && materializedOf(resource) !== resource.kind ? materializedOf(resource) : null),
    chip(raw.language === "python" ? "python" : null),
    chip(raw.type && resource.kind === "exposure" ? raw.type : null),
    chip(raw.maturity ? `${raw.maturity} maturity` : null),
    chip(raw.access && raw.access !== "protected" ? raw.access : null),
    chip(raw.config && raw.config.contract && raw.config.contract.enforced ? "contract" : null, "The columns are guaranteed by a contract"),
    chip(raw.version && raw.latest_version && String(raw.version) === String(raw.latest_version) ? "latest version" : null),
    chip(raw.deprecation_date ? `deprecated ${String(raw.deprecation_date).slice(0, 10)}` : null, "", "is-bad"),
    age ? chip(`freshness: ${age.status}`, age.max_loaded_at ? `Newest row ${ago(age.max_loaded_at)}` : "", statusClass(age.status)) : null,
    outcome && ["test", "unit_test"].includes(resource.kind) ? chip(`last result: ${outcome.status}`, outcome.message || "", statusClass(outcome.status)) : null,
    ...resource.tags.map((tag) => h("span", { class: "chip is-tag" }, `#${tag}`)),
  ];
  return h("header", { class: "page-head" },
    h("div", { class: "crumbs" }, h("a", { href: "#!/overview" }, project.name), " / ", h("a", { href: `#!/list/${resource.kind}` }, kindName(resource.kind, true))),
    h("h1", {}, raw.label && resource.kind !== "source" ? raw.label : resource.label),
    h("div", { class: "chips" }, chips),
    relation ? h("div", { class: "relation" }, h("code", {}, relation), copyButton(() => relation, "Copy the relation's name")) : null,
    deferred ? h("div", { class: "note" }, "Not built in this target. The columns are those of production's relation ", h("code", {}, deferred), ", which references read here.") : null,
    h("div", { class: "actions" },
      isInLineage(resource) ? h("a", { class: "button", href: `#!/lineage/${encodeURIComponent(resource.id)}` }, icon("graph"), "Lineage") : null,
      raw.url ? link(raw.url, { class: "button" }, icon("open"), "Open") : null));
}

function chip(text, title, more) {
  return text ? h("span", { class: `chip ${more || ""}`, title: title || null }, text) : null;
}

function statusClass(status) {
  if (["pass", "success"].includes(status)) return "is-good";
  return status === "warn" || status === "skipped" ? "is-warning" : "is-bad";
}

function columnSection(project, resource) {
  const columns = columnsOf(project, resource);
  if (!columns.length) return null;
  const isTested = columns.some((column) => column.tests.length);
  const isDescribed = columns.some((column) => column.description);
  const all = columns.map((column) => h("tr", { id: `column-${column.name}` },
    h("td", { class: "column-name" }, h("code", {}, column.name), column.tags.map((tag) => h("span", { class: "chip is-tag" }, `#${tag}`)),
      column.isMissing ? h("span", { class: "chip is-warning", title: "It is written about in the project, and the relation does not have it" }, "not in the warehouse") : null),
    h("td", { class: "column-type" }, column.type ? h("code", {}, column.type.toLowerCase()) : null),
    isDescribed ? h("td", { class: "column-text" }, column.description ? markdown(column.description) : null) : null,
    isTested ? h("td", {}, h("div", { class: "chips is-close" }, column.tests.map((test) => testChip(project, test)))) : null));
  const body = h("tbody", {}, all);
  const table = h("div", { class: "table-wrap" }, h("table", { class: "columns-table" },
    h("thead", {}, h("tr", {}, h("th", {}, "Column"), h("th", {}, "Type"), isDescribed ? h("th", {}, "Description") : null, isTested ? h("th", {}, "Tests") : null)), body));
  const title = h("span", {}, "Columns ", h("span", { class: "number" }, columns.length));
  const one = section("Columns", "columns", columns.length > 12 ? filterField(columns, all, body) : null, table);
  one.querySelector("h2").replaceChildren("Columns", h("span", { class: "number" }, String(columns.length)));
  return title && one;
}

function filterField(columns, elements, body) {
  const field = h("input", { type: "search", class: "field", placeholder: "Filter columns", "aria-label": "Filter columns" });
  field.addEventListener("input", () => {
    const word = field.value.toLowerCase();
    body.replaceChildren(...elements.filter((_, at) => `${columns[at].name} ${columns[at].description} ${columns[at].type}`.toLowerCase().includes(word)));
  });
  return field;
}

function testChip(project, test) {
  const { word, detail } = testWords(test);
  const outcome = project.outcomes.get(test.id);
  const status = outcome ? statusClass(outcome.status) : "";
  const title = [detail, outcome ? `last result: ${outcome.status}` : ""].filter(Boolean).join("\n");
  return h("a", { class: `chip is-link ${status}`, href: addressOf(test), title: title || null }, outcome ? h("span", { class: "light" }) : null, word);
}

function argumentSection(resource) {
  const given = resource.kind === "macro" || resource.kind === "function" ? resource.raw.arguments || [] : [];
  if (!given.length) return null;
  return section("Arguments", "arguments", h("div", { class: "table-wrap" }, h("table", { class: "columns-table" },
    h("thead", {}, h("tr", {}, h("th", {}, "Name"), h("th", {}, "Type"), h("th", {}, "Description"))),
    h("tbody", {}, given.map((one) => h("tr", {}, h("td", {}, h("code", {}, one.name)), h("td", { class: "column-type" }, one.type || one.data_type || ""), h("td", {}, one.description ? markdown(one.description) : null)))))));
}

// ---- the semantic layer

function semanticSections(resource) {
  if (resource.kind === "semantic_model") return partTables(resource.raw);
  if (resource.kind === "metric") return [definitionOf(resource.raw)];
  if (resource.kind === "saved_query") return [queryOf(resource.raw)];
  return [];
}

function partTables(raw) {
  return [["Entities", raw.entities], ["Dimensions", raw.dimensions], ["Measures", raw.measures]].map(([title, parts]) => {
    if (!parts || !parts.length) return null;
    const row = (part) => h("tr", {},
      h("td", { class: "column-name" }, h("code", {}, part.name)),
      h("td", { class: "column-type" }, part.agg || part.type || ""),
      h("td", {}, part.expr ? h("code", {}, String(part.expr)) : null),
      h("td", { class: "column-text" }, part.description ? markdown(part.description) : part.label || ""));
    return section(title, title.toLowerCase(), h("div", { class: "table-wrap" }, h("table", { class: "columns-table" },
      h("thead", {}, h("tr", {}, h("th", {}, "Name"), h("th", {}, title === "Measures" ? "Aggregation" : "Type"), h("th", {}, "Expression"), h("th", {}, "Description"))),
      h("tbody", {}, parts.map(row)))));
  });
}

function inputName(one) {
  return one ? (one.alias ? `${one.name} as ${one.alias}` : one.name) : null;
}

function code(text) {
  return text === null || text === undefined || text === "" ? null : h("code", {}, typeof text === "string" ? text : JSON.stringify(text));
}

function filtersOf(filter) {
  const found = (filter && filter.where_filters) || [];
  return found.length ? code(found.map((one) => one.where_sql_template).join(" and ")) : null;
}

function definitionOf(raw) {
  const given = raw.type_params || {};
  const window = given.window || (given.cumulative_type_params && given.cumulative_type_params.window);
  return section("Definition", "definition", h("dl", { class: "facts" },
    fact("Type", raw.type),
    fact("Measure", code(inputName(given.measure))),
    fact("Numerator", code(inputName(given.numerator))),
    fact("Denominator", code(inputName(given.denominator))),
    fact("Expression", code(given.expr)),
    fact("Metrics", (given.metrics || []).length ? code(given.metrics.map(inputName).join(", ")) : null),
    fact("Window", window ? `${window.count} ${window.granularity}` : null),
    fact("To date", given.grain_to_date),
    fact("Filter", filtersOf(raw.filter)),
    fact("Granularity", raw.time_granularity)));
}

function queryOf(raw) {
  const given = raw.query_params || {};
  const list = (values) => (values && values.length ? values.map((one) => h("div", {}, code(one))) : null);
  return section("Query", "query", h("dl", { class: "facts" },
    fact("Metrics", list(given.metrics)), fact("Group by", list(given.group_by)), fact("Where", filtersOf(given.where)),
    fact("Order by", list(given.order_by)), fact("Limit", given.limit),
    fact("Exports", (raw.exports || []).length ? raw.exports.map((one) => h("div", {}, code(one.name), ` ${(one.config && one.config.export_as) || ""}`)) : null)));
}

function testSection(project, resource) {
  const whole = (project.tests.get(resource.id) || []).filter((test) => !test.raw.column_name || !test.raw.attached_node);
  const units = project.unitTests.get(resource.id) || [];
  if ((!whole.length && !units.length) || ["test", "unit_test"].includes(resource.kind)) return null;
  const row = (test) => {
    const { word, detail } = testWords(test);
    const outcome = project.outcomes.get(test.id);
    return h("li", {}, resourceLink(test, word), outcome ? chip(outcome.status, outcome.message || "", statusClass(outcome.status)) : null,
      h("span", { class: "faint" }, plain(test.description, 160) || detail));
  };
  return section("Tests", "tests", h("ul", { class: "plain-list" }, whole.map(row), units.map(row)));
}

function unitTestParts(resource) {
  const { raw } = resource;
  if (resource.kind === "test" && raw.test_metadata) {
    const { detail } = testWords(resource);
    return detail ? section("Arguments", "arguments", h("p", {}, h("code", {}, detail))) : null;
  }
  if (resource.kind !== "unit_test") return null;
  const rows = (value) => (typeof value === "string" ? value : JSON.stringify(value, null, 2));
  return section("Given and expected", "given",
    (raw.given || []).map((given) => [h("h3", {}, "Given ", h("code", {}, given.input)), h("pre", { class: "code" }, rows(given.rows) || given.fixture || "no rows")]),
    raw.expect ? [h("h3", {}, "Expected"), h("pre", { class: "code" }, rows(raw.expect.rows) || raw.expect.fixture || "no rows")] : null);
}

function codeSection(resource) {
  const { raw } = resource;
  const language = raw.language === "python" ? "python" : "sql";
  const versions = [
    { label: "Source", text: raw.raw_code || raw.macro_sql || "", language },
    { label: "Compiled", text: raw.compiled_code || "", language },
  ];
  if (resource.kind === "seed" || !versions.some((version) => version.text.trim())) return null;
  return section("Code", "code", codeBlock(versions));
}

function dependencySection(project, resource) {
  const isTest = (id) => ["test", "unit_test"].includes(project.resources.get(id).kind);
  const above = project.parents.get(resource.id) || [];
  const below = (project.children.get(resource.id) || []).filter((id) => !isTest(id));
  const macros = resource.kind === "macro" ? [] : ((resource.raw.depends_on || {}).macros || []).filter((id) => project.resources.has(id));
  if (!above.length && !below.length && !macros.length) return null;
  const list = (title, ids) => ids.length ? h("div", { class: "depends" }, h("h3", {}, title, h("span", { class: "number" }, String(ids.length))), longList(project, ids)) : null;
  return section("Depends on, used by", "dependencies", h("div", { class: "columns-2" }, list("Depends on", above), list("Used by", below), list("Macros", macros)));
}

const MOST_LISTED = 30;

function longList(project, ids) {
  const sorted = ids.map((id) => project.resources.get(id)).sort((a, b) => KIND_ORDER.indexOf(a.kind) - KIND_ORDER.indexOf(b.kind) || a.label.localeCompare(b.label));
  const list = h("ul", { class: "plain-list" }, sorted.slice(0, MOST_LISTED).map((one) => h("li", {}, resourceLink(one))));
  if (sorted.length > MOST_LISTED) {
    const more = h("button", { type: "button", class: "quiet-text", onclick: () => { more.remove(); list.append(...sorted.slice(MOST_LISTED).map((one) => h("li", {}, resourceLink(one)))); } }, `Show ${sorted.length - MOST_LISTED} more`);
    return [list, more];
  }
  return list;
}

function detailSection(resource) {
  const { raw } = resource;
  const entry = raw.owner;
  const facts = h("dl", { class: "facts" },
    fact("Package", resource.package),
    fact("File", resource.path ? h("code", {}, resource.path) : null),
    fact("Described in", raw.patch_path ? h("code", {}, String(raw.patch_path).replace(/^[^:]+:\/\//, "")) : null),
    fact("Database", raw.database), fact("Schema", raw.schema),
    fact("Name in the warehouse", raw.alias && raw.alias !== raw.name ? raw.alias : raw.identifier && raw.identifier !== raw.name ? raw.identifier : null),
    fact("Group", raw.group), fact("Loader", raw.loader), fact("Loaded at", raw.loaded_at_field ? h("code", {}, raw.loaded_at_field) : null),
    fact("Freshness", raw.freshness ? thresholds(raw.freshness) : null),
    fact("Owner", entry ? [entry.name || "", entry.email ? link(`mailto:${entry.email}`, {}, ` ${entry.email}`) : null] : null),
    fact("Severity", raw.config && resource.kind === "test" ? String(raw.config.severity || "").toLowerCase() : null),
    fact("Identifier", h("code", {}, resource.id)));
  const meta = Object.keys(raw.meta || {}).length ? [h("h3", {}, "Meta"), metaTable(raw.meta)] : null;
  return section("Details", "details", facts, statistics(resource), meta);
}

function thresholds(freshness) {
  const one = (word, limit) => (limit && limit.count ? `${word} after ${limit.count} ${limit.period}${limit.count === 1 ? "" : "s"}` : null);
  return [one("warn", freshness.warn_after), one("error", freshness.error_after)].filter(Boolean).join(", ");
}

let shownProject = null;

export function setProject(project) {
  shownProject = project;
}

function statistics(resource) {
  const entry = entryOf(shownProject, resource);
  const shown = entry ? Object.values(entry.stats || {}).filter((one) => one.include) : [];
  const facts = [
    ...(entry ? [fact("Type in the warehouse", String(entry.metadata.type).toLowerCase()), fact("Owner in the warehouse", entry.metadata.owner)] : []),
    ...shown.map((one) => fact(one.label, h("span", { title: one.description || null }, typeof one.value === "number" ? one.value.toLocaleString("en") : String(one.value)))),
  ].filter(Boolean);
  return facts.length ? h("dl", { class: "facts" }, facts) : null;
}

function metaTable(meta) {
  return h("dl", { class: "facts" }, Object.entries(meta).map(([key, value]) =>
    fact(key, typeof value === "string" ? h("span", {}, inline(value)) : h("code", {}, JSON.stringify(value)))));
}

export function messagePage(title, text) {
  return h("article", { class: "page" }, h("header", { class: "page-head" }, h("h1", {}, title), h("p", { class: "under" }, text)));
}
