// Colouring SQL with its templates, and Python: tokens become spans, line by line.

import { h, copyButton, replace } from "./dom.js";

const WORDS = new Set(
  ("select from where group by order having limit offset join inner left right full outer cross on using as and or not in is null " +
    "like ilike between exists case when then else end union all except intersect distinct with recursive over partition rows range " +
    "preceding following unbounded current row create replace table view temporary temp if insert into values update set delete merge " +
    "matched alter add column drop truncate cascade asc desc nulls first last true false cast filter qualify window lateral unnest " +
    "interval any some array struct returning primary key foreign references constraint default check unique index grant revoke to " +
    "materialized schema database begin commit rollback explain analyze pivot unpivot tablesample fetch next only ties natural asof").split(" "),
);
const TYPES = new Set(
  ("int integer bigint smallint tinyint hugeint float double real decimal numeric number varchar char text string boolean bool date " +
    "time timestamp timestamptz datetime json jsonb uuid bytea blob binary variant object").split(" "),
);
const PYTHON = new Set(
  ("def return if elif else for while in not and or is None True False import from as with try except finally raise class lambda " +
    "pass break continue yield global nonlocal assert del async await").split(" "),
);
const JINJA = new Set(
  ("if elif else endif for endfor in set endset macro endmacro do not and or is none true false call endcall filter endfilter " +
    "snapshot endsnapshot test endtest materialization endmaterialization docs enddocs raw endraw").split(" "),
);

const SQL_TOKEN =
  /(\{#[\s\S]*?#\})|(\{\{|\{%)|(--[^\n]*|\/\*[\s\S]*?\*\/)|('(?:[^'\\]|''|\\.)*'?)|("(?:[^"]|"")*"?|`[^`]*`?)|(\b\d+(?:\.\d+)?\b)|([A-Za-z_][\w$]*)|(\s+)|([\s\S])/g;
const TEMPLATE_TOKEN =
  /(-?\}\}|-?%\})|('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(\b\d+(?:\.\d+)?\b)|([A-Za-z_]\w*)|(\s+)|([\s\S])/g;
const PYTHON_TOKEN =
  /("""[\s\S]*?(?:"""|$)|'''[\s\S]*?(?:'''|$)|[rbfu]*"(?:[^"\\\n]|\\.)*"?|[rbfu]*'(?:[^'\\\n]|\\.)*'?)|(#[^\n]*)|(\b\d+(?:\.\d+)?\b)|([A-Za-z_]\w*)|(\s+)|([\s\S])/g;

// Pairs of a class, or null, and text.
export function tokens(text, language) {
  return language === "python" ? pythonTokens(text) : sqlTokens(text);
}

function sqlTokens(text) {
  const out = [];
  SQL_TOKEN.lastIndex = 0;
  let match;
  while ((match = SQL_TOKEN.exec(text)) !== null) {
    if (match[1] || match[3]) out.push(["comment", match[0]]);
    else if (match[2]) {
      out.push(["brace", match[0]]);
      SQL_TOKEN.lastIndex = templateTokens(text, SQL_TOKEN.lastIndex, out);
    } else if (match[4]) out.push(["string", match[0]]);
    else if (match[5]) out.push(["name", match[0]]);
    else if (match[6]) out.push(["number", match[0]]);
    else if (match[7]) out.push([wordClass(match[0], text, SQL_TOKEN.lastIndex), match[0]]);
    else out.push([null, match[0]]);
  }
  return out;
}

function wordClass(word, text, end) {
  const lower = word.toLowerCase();
  if (WORDS.has(lower)) return "keyword";
  if (TYPES.has(lower)) return "type";
  return text[end] === "(" ? "function" : null;
}

function templateTokens(text, start, out) {
  TEMPLATE_TOKEN.lastIndex = start;
  let match;
  while ((match = TEMPLATE_TOKEN.exec(text)) !== null) {
    if (match[1]) {
      out.push(["brace", match[0]]);
      return TEMPLATE_TOKEN.lastIndex;
    }
    if (match[2]) out.push(["string", match[0]]);
    else if (match[3]) out.push(["number", match[0]]);
    else if (match[4] && JINJA.has(match[0])) out.push(["keyword", match[0]]);
    else if (match[4]) out.push([text[TEMPLATE_TOKEN.lastIndex] === "(" ? "function" : "template", match[0]]);
    else out.push([match[5] ? null : "template", match[0]]);
  }
  return text.length;
}

function pythonTokens(text) {
  const out = [];
  for (const match of text.matchAll(PYTHON_TOKEN)) {
    if (match[1]) out.push(["string", match[0]]);
    else if (match[2]) out.push(["comment", match[0]]);
    else if (match[3]) out.push(["number", match[0]]);
    else if (match[4] && PYTHON.has(match[0])) out.push(["keyword", match[0]]);
    else if (match[4]) out.push([text[match.index + match[0].length] === "(" ? "function" : null, match[0]]);
    else out.push([null, match[0]]);
  }
  return out;
}

const MOST_COLOURED = 200000;

function codeElement(text, language) {
  const body = h("code");
  const lines = text.length > MOST_COLOURED ? text.split("\n").map((line) => [[null, line]]) : byLine(tokens(text, language));
  for (const parts of lines) {
    body.append(h("span", { class: "line" }, parts.map(([kind, part]) => (kind ? h("span", { class: `t-${kind}` }, part) : part)), "\n"));
  }
  return body;
}

function byLine(found) {
  const lines = [[]];
  for (const [kind, text] of found) {
    text.split("\n").forEach((part, at) => {
      if (at > 0) lines.push([]);
      if (part) lines[lines.length - 1].push([kind, part]);
    });
  }
  return lines;
}

// A block of code with a tab for each version of it that there is.
export function codeBlock(versions) {
  const known = versions.filter((version) => version.text && version.text.trim());
  if (known.length === 0) return h("p", { class: "faint" }, "There is no code to show.");
  const pre = h("pre", { class: "code", tabindex: "0" });
  let current = known[0];
  const tabs = known.map((version) =>
    h("button", { type: "button", role: "tab", class: "tab", onclick: () => show(version) }, version.label));
  function show(version) {
    current = version;
    tabs.forEach((tab, at) => tab.setAttribute("aria-selected", String(known[at] === version)));
    replace(pre, codeElement(version.text.replace(/\s+$/, ""), version.language));
  }
  show(current);
  return h("div", { class: "code-block" },
    h("div", { class: "code-bar" }, h("div", { class: "tabs", role: "tablist" }, tabs), copyButton(() => current.text, "Copy the code")),
    pre);
}
