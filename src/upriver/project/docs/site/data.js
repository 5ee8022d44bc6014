// The artifacts as the pages need them: resources by id, edges both ways, columns put together.

const SECTIONS = ["nodes", "sources", "exposures", "metrics", "semantic_models", "saved_queries", "unit_tests", "functions"];

export const KINDS = {
  source: ["Source", "Sources"],
  seed: ["Seed", "Seeds"],
  model: ["Model", "Models"],
  snapshot: ["Snapshot", "Snapshots"],
  function: ["Function", "Functions"],
  test: ["Data test", "Data tests"],
  unit_test: ["Unit test", "Unit tests"],
  exposure: ["Exposure", "Exposures"],
  semantic_model: ["Semantic model", "Semantic models"],
  metric: ["Metric", "Metrics"],
  saved_query: ["Saved query", "Saved queries"],
  analysis: ["Analysis", "Analyses"],
  macro: ["Macro", "Macros"],
};
export const KIND_ORDER = Object.keys(KINDS);

export function kindName(kind, isPlural) {
  const names = KINDS[kind] || [kind, kind];
  return names[isPlural ? 1 : 0];
}

async function read(name, isRequired) {
  const held = document.getElementById(name);
  if (held) {
    const value = JSON.parse(held.textContent);
    held.remove();
    return value;
  }
  if (document.querySelector('script[type="application/json"]')) return null;
  const answer = await fetch(name, { cache: "no-cache" }).catch(() => null);
  if (answer && answer.ok) return answer.json();
  if (isRequired) throw new Error(`${name} is not here. Run “upriver docs generate” first.`);
  return null;
}

export async function loadProject() {
  const names = ["catalog.json", "sources.json", "run_results.json"];
  const [manifest, ...others] = await Promise.all([read("manifest.json", true), ...names.map((name) => read(name, false))]);
  const [catalog, freshness, results] = others;
  return makeProject(manifest, catalog, freshness, results);
}

export function makeProject(manifest, catalog, freshness, results) {
  const name = manifest.metadata.project_name || "Project";
  const resources = new Map();
  for (const section of SECTIONS) {
    for (const [id, raw] of Object.entries(manifest[section] || {})) {
      const kind = id.slice(0, id.indexOf("."));
      if (kind === "operation" || kind === "sql_operation") continue;
      resources.set(id, makeResource(id, kind, raw));
    }
  }
  for (const [id, raw] of Object.entries(manifest.macros || {})) {
    if (!isBuiltIn(raw.package_name, name)) resources.set(id, makeResource(id, "macro", raw));
  }
  const project = {
    name,
    manifest,
    catalog,
    resources,
    parents: new Map(),
    children: new Map(),
    tests: new Map(),
    unitTests: new Map(),
    groups: new Map(Object.values(manifest.groups || {}).map((group) => [group.name, group])),
    ages: new Map(((freshness && freshness.results) || []).map((row) => [row.unique_id, row])),
    outcomes: new Map(((results && results.results) || []).filter(isVerdict).map((row) => [row.unique_id, row])),
    generatedAt: (catalog || manifest).metadata.generated_at,
    errors: (catalog && catalog.errors) || [],
  };
  linkResources(project);
  return project;
}

// Compiling leaves results as well, which say nothing about the data.
function isVerdict(row) {
  return ["pass", "fail", "warn", "error"].includes(row.status);
}

function isBuiltIn(packageName, projectName) {
  return packageName !== projectName && (packageName === "dbt" || /^dbt_(duckdb|postgres|snowflake|bigquery|redshift|spark|databricks|trino|clickhouse|athena|sqlserver|fabric)$/.test(packageName));
}

function makeResource(id, kind, raw) {
  return {
    id,
    kind,
    raw,
    name: raw.name,
    label: labelOf(kind, raw),
    package: raw.package_name || "",
    path: raw.original_file_path || "",
    description: raw.description || "",
    tags: raw.tags || [],
    isHidden: Boolean(raw.docs && raw.docs.show === false) || Boolean(raw.config && raw.config.docs && raw.config.docs.show === false),
    columnsMade: null,
  };
}

function labelOf(kind, raw) {
  if (kind === "source") return `${raw.source_name}.${raw.name}`;
  if (raw.version !== null && raw.version !== undefined && kind === "model") return `${raw.name}.v${raw.version}`;
  return raw.name;
}

function linkResources(project) {
  const { resources, parents, children } = project;
  for (const resource of resources.values()) {
    const above = resource.raw.depends_on && resource.raw.depends_on.nodes;
    const known = [...new Set(above || [])].filter((id) => resources.has(id));
    parents.set(resource.id, known);
    for (const parent of known) push(children, parent, resource.id);
    if (resource.kind === "test") {
      const attached = resource.raw.attached_node;
      for (const parent of attached ? [attached] : known) push(project.tests, parent, resource);
    } else if (resource.kind === "unit_test") {
      for (const parent of known) push(project.unitTests, parent, resource);
    }
  }
  for (const resource of resources.values()) {
    if (resource.kind !== "macro") continue;
    const used = ((resource.raw.depends_on || {}).macros || []).filter((id) => resources.has(id));
    parents.set(resource.id, used);
    for (const id of used) push(children, id, resource.id);
  }
}

function push(map, key, value) {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

// Columns of the warehouse in their order, then those that are only written about.
export function columnsOf(project, resource) {
  if (resource.columnsMade) return resource.columnsMade;
  const found = entryOf(project, resource);
  const written = new Map(Object.values(resource.raw.columns || {}).map((column) => [column.name.toLowerCase(), column]));
  const byColumn = testsByColumn(project, resource);
  const real = found ? Object.values(found.columns).sort((a, b) => a.index - b.index) : [];
  const columns = real.map((column) => {
    const key = column.name.toLowerCase();
    const said = written.get(key);
    written.delete(key);
    return makeColumn(column.name, column.type, said, column.comment, byColumn.get(key), false);
  });
  for (const [key, said] of written) {
    columns.push(makeColumn(said.name, said.data_type, said, null, byColumn.get(key), Boolean(found)));
  }
  resource.columnsMade = columns;
  return columns;
}

export function entryOf(project, resource) {
  if (!project.catalog) return null;
  const section = resource.kind === "source" ? project.catalog.sources : project.catalog.nodes;
  return (section && section[resource.id]) || null;
}

function makeColumn(name, type, said, comment, tests, isMissing) {
  return {
    name,
    type: type || "",
    description: (said && said.description) || comment || "",
    tags: (said && said.tags) || [],
    meta: (said && said.meta) || {},
    constraints: (said && said.constraints) || [],
    tests: tests || [],
    isMissing,
  };
}

function testsByColumn(project, resource) {
  const found = new Map();
  for (const test of project.tests.get(resource.id) || []) {
    if (test.raw.column_name) push(found, test.raw.column_name.toLowerCase().replace(/^["`]|["`]$/g, ""), test);
  }
  return found;
}

// What a generic test asks, in a word or two, and its arguments.
export function testWords(test) {
  const metadata = test.raw.test_metadata;
  if (!metadata) return { word: test.name, detail: "" };
  const kwargs = metadata.kwargs || {};
  const word = metadata.name.replace(/_/g, " ");
  const rest = Object.entries(kwargs).filter(([key]) => key !== "model" && key !== "column_name");
  const detail = rest.map(([key, value]) => `${key}: ${typeof value === "string" ? value : JSON.stringify(value)}`).join("; ");
  return { word: metadata.namespace ? `${metadata.namespace}: ${word}` : word, detail };
}

export function isInLineage(resource) {
  return !resource.isHidden && !["test", "unit_test", "macro", "analysis"].includes(resource.kind);
}

export function relationOf(resource) {
  return resource.raw.relation_name || "";
}

export function materializedOf(resource) {
  return (resource.raw.config && resource.raw.config.materialized) || "";
}

export function deferredTo(project, resource) {
  const entry = entryOf(project, resource);
  const mark = entry && entry.stats && entry.stats.deferred;
  return mark ? String(mark.value) : null;
}

export function docBlock(project, name) {
  const docs = project.manifest.docs || {};
  const own = docs[`doc.${project.name}.${name}`];
  if (own) return own.block_contents;
  const other = Object.values(docs).find((doc) => doc.name === name && !isBuiltIn(doc.package_name, project.name));
  return other ? other.block_contents : null;
}
