// Finding resources by words. Everything is in memory, so a pass over all texts is quick enough:
// a project of 20,000 resources takes a few milliseconds for names, and some tens with code.

import { columnsOf } from "./data.js";
import { plain } from "./markdown.js";

const KIND_BONUS = { model: 30, source: 26, exposure: 24, metric: 24, seed: 22, snapshot: 22, semantic_model: 20, macro: 8 };

export function makeIndex(project) {
  const entries = [];
  for (const resource of project.resources.values()) {
    if (!resource.isHidden) entries.push({ resource, name: resource.label.toLowerCase(), rest: null, code: null });
  }
  return { project, entries };
}

function fill(index, entry) {
  const { resource } = entry;
  const { raw } = resource;
  const columns = columnsOf(index.project, resource);
  entry.columns = columns.map((column) => column.name.toLowerCase());
  entry.columnTexts = columns.filter((column) => column.description).map((column) => [column.name, column.description.toLowerCase()]);
  entry.tags = resource.tags.map((tag) => tag.toLowerCase());
  entry.description = resource.description.toLowerCase();
  entry.place = `${resource.path} ${raw.relation_name || ""} ${(raw.owner && raw.owner.name) || ""}`.toLowerCase();
  entry.rest = true;
}

function fillCode(entry) {
  const { raw } = entry.resource;
  entry.code = (raw.raw_code || raw.macro_sql || "").toLowerCase();
  if (!entry.code && raw.compiled_code) entry.code = raw.compiled_code.toLowerCase();
}

// Results, best first, each with where the words were found.
export function search(index, text, kind, limit = 200) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return { results: [], total: 0 };
  const results = [];
  for (const entry of index.entries) {
    if (kind && entry.resource.kind !== kind) continue;
    const found = match(index, entry, words);
    if (found) results.push(found);
  }
  results.sort((a, b) => b.score - a.score || a.resource.label.length - b.resource.label.length || (a.resource.label < b.resource.label ? -1 : 1));
  return { results: results.slice(0, limit), total: results.length };
}

function match(index, entry, words) {
  let score = KIND_BONUS[entry.resource.kind] || 0;
  let where = null;
  for (const word of words) {
    const found = matchWord(index, entry, word);
    if (!found) return null;
    score += found.score;
    if (!where || found.score < where.score) where = found;
  }
  return { resource: entry.resource, score, where: where.place, note: where.note ? where.note() : "" };
}

function matchWord(index, entry, word) {
  const at = entry.name.indexOf(word);
  if (at >= 0) return { score: nameScore(entry.name, word, at), place: "name" };
  if (!entry.rest) fill(index, entry);
  const column = entry.columns.find((name) => name === word) || entry.columns.find((name) => name.includes(word));
  if (column) return { score: column === word ? 190 : 130, place: "column", note: () => column };
  const tag = entry.tags.find((one) => one.includes(word));
  if (tag) return { score: tag === word ? 180 : 110, place: "tag", note: () => tag };
  if (entry.description.includes(word)) return { score: 80, place: "description", note: () => excerpt(plain(entry.resource.description, 10000), word) };
  const text = entry.columnTexts.find((one) => one[1].includes(word));
  if (text) return { score: 60, place: "column", note: () => `${text[0]}: ${excerpt(plain(text[1], 10000), word)}` };
  if (entry.place.includes(word)) return { score: 50, place: "path", note: () => entry.resource.path };
  if (entry.code === null) fillCode(entry);
  if (entry.code.includes(word)) return { score: 20, place: "code", note: () => excerpt(codeOf(entry.resource), word) };
  return null;
}

function codeOf(resource) {
  return (resource.raw.raw_code || resource.raw.macro_sql || resource.raw.compiled_code || "").replace(/\s+/g, " ");
}

function nameScore(name, word, at) {
  if (name === word) return 1000;
  if (at === 0) return 600 - Math.min(name.length - word.length, 100);
  const before = name[at - 1];
  return (before === "_" || before === "." ? 420 : 300) - Math.min(name.length - word.length, 100);
}

function excerpt(text, word) {
  const at = text.toLowerCase().indexOf(word);
  const start = Math.max(0, at - 40);
  return `${start > 0 ? "…" : ""}${text.slice(start, at + word.length + 80)}${text.length > at + word.length + 80 ? "…" : ""}`;
}

// Text with the words marked, as pairs of text and whether it is marked.
export function marked(text, words) {
  const lower = text.toLowerCase();
  const spots = [];
  for (const word of words) {
    for (let at = lower.indexOf(word); word && at >= 0; at = lower.indexOf(word, at + word.length)) spots.push([at, at + word.length]);
  }
  spots.sort((a, b) => a[0] - b[0]);
  const out = [];
  let end = 0;
  for (const [from, to] of spots) {
    if (to <= end) continue;
    if (from > end) out.push([text.slice(end, from), false]);
    out.push([text.slice(Math.max(from, end), to), true]);
    end = to;
  }
  if (end < text.length) out.push([text.slice(end), false]);
  return out;
}
