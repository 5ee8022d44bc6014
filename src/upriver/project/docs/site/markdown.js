// Markdown to elements. HTML in the text is shown as it is written, never parsed.

import { h, link, safeImage } from "./dom.js";

const FENCE = /^\s{0,3}(```+|~~~+)\s*([\w+-]*)\s*$/;
const HEADING = /^\s{0,3}(#{1,6})\s+(.*?)\s*#*\s*$/;
const RULE = /^\s{0,3}([-*_])(\s*\1){2,}\s*$/;
const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;
const QUOTE = /^\s{0,3}>\s?(.*)$/;
const DIVIDER = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;

export function markdown(text) {
  const root = h("div", { class: "prose" });
  const lines = String(text || "").replace(/\r\n?/g, "\n").replace(/<!--[\s\S]*?-->/g, "").split("\n");
  root.append(...blocks(lines));
  return root;
}

function blocks(lines) {
  const out = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at];
    if (!line.trim()) {
      at += 1;
      continue;
    }
    const fence = FENCE.exec(line);
    const heading = HEADING.exec(line);
    if (fence) {
      const end = findFence(lines, at + 1, fence[1]);
      out.push(h("pre", {}, h("code", {}, lines.slice(at + 1, end).join("\n"))));
      at = end + 1;
    } else if (heading) {
      out.push(h(`h${Math.min(heading[1].length + 1, 6)}`, {}, inline(heading[2])));
      at += 1;
    } else if (RULE.test(line)) {
      out.push(h("hr"));
      at += 1;
    } else if (QUOTE.test(line)) {
      const end = takeWhile(lines, at, (one) => QUOTE.test(one));
      out.push(h("blockquote", {}, blocks(lines.slice(at, end).map((one) => QUOTE.exec(one)[1]))));
      at = end;
    } else if (ITEM.test(line)) {
      const [list, end] = readList(lines, at);
      out.push(list);
      at = end;
    } else if (line.includes("|") && at + 1 < lines.length && DIVIDER.test(lines[at + 1])) {
      const end = takeWhile(lines, at + 2, (one) => one.includes("|"));
      out.push(readTable(lines.slice(at, end)));
      at = end;
    } else {
      const end = takeWhile(lines, at + 1, (one) => one.trim() && !startsBlock(one));
      out.push(h("p", {}, paragraph(lines.slice(at, end))));
      at = end;
    }
  }
  return out;
}

function startsBlock(line) {
  return FENCE.test(line) || HEADING.test(line) || RULE.test(line) || QUOTE.test(line) || ITEM.test(line);
}

function takeWhile(lines, at, holds) {
  let end = at;
  while (end < lines.length && holds(lines[end])) end += 1;
  return end;
}

function findFence(lines, at, mark) {
  const end = lines.findIndex((line, index) => index >= at && line.trim().startsWith(mark));
  return end < 0 ? lines.length : end;
}

function readList(lines, start) {
  const first = ITEM.exec(lines[start]);
  const indent = first[1].length;
  const isOrdered = /\d/.test(first[2]);
  const list = h(isOrdered ? "ol" : "ul");
  if (isOrdered) list.start = parseInt(first[2], 10);
  let at = start;
  while (at < lines.length) {
    const item = ITEM.exec(lines[at]);
    if (!item || item[1].length !== indent || /\d/.test(item[2]) !== isOrdered) break;
    const body = [item[3]];
    at += 1;
    while (at < lines.length) {
      const next = ITEM.exec(lines[at]);
      const isDeeper = /^\s/.test(lines[at]) && lines[at].search(/\S/) > indent;
      if (next ? next[1].length <= indent : lines[at].trim() && !isDeeper && startsBlock(lines[at])) break;
      if (!lines[at].trim() && !(at + 1 < lines.length && lines[at + 1].search(/\S/) > indent)) break;
      body.push(lines[at].slice(Math.min(Math.max(lines[at].search(/\S/), 0), indent + 2)));
      at += 1;
    }
    list.append(h("li", {}, listItem(body)));
    while (at < lines.length && !lines[at].trim() && at + 1 < lines.length && ITEM.test(lines[at + 1])) at += 1;
  }
  return [list, at];
}

function listItem(lines) {
  const task = /^\[([ xX])\]\s+(.*)$/.exec(lines[0]);
  const head = [];
  if (task) {
    const box = h("input", { type: "checkbox", disabled: true });
    box.checked = task[1] !== " ";
    head.push(box, " ");
  }
  const body = task ? [task[2], ...lines.slice(1)] : lines;
  const end = takeWhile(body, 1, (one) => one.trim() && !startsBlock(one));
  return [...head, ...paragraph(body.slice(0, end)), ...blocks(body.slice(end))];
}

function readTable(lines) {
  const cells = (line) => line.trim().replace(/^\||\|$/g, "").split(/(?<!\\)\|/).map((cell) => cell.trim());
  const aligns = cells(lines[1]).map((cell) =>
    cell.endsWith(":") ? (cell.startsWith(":") ? "center" : "right") : "left");
  const row = (line, tag) =>
    h("tr", {}, cells(line).map((cell, at) => h(tag, { style: { textAlign: aligns[at] || "left" } }, inline(cell))));
  return h("div", { class: "table-wrap" },
    h("table", {}, h("thead", {}, row(lines[0], "th")), h("tbody", {}, lines.slice(2).map((line) => row(line, "td")))));
}

function paragraph(lines) {
  const out = [];
  lines.forEach((line, at) => {
    const isBroken = /( {2,}|\\)$/.test(line);
    out.push(...inline(line.trim().replace(/\\$/, "")));
    if (at < lines.length - 1) out.push(isBroken ? h("br") : " ");
  });
  return out;
}

const INLINE = new RegExp(
  [
    "\\\\([\\\\`*_{}\\[\\]()#+.!|~<>-])", // 1 escaped
    "(`+)([\\s\\S]*?[^`])\\2(?!`)", // 2, 3 code
    "!\\[([^\\]]*)\\]\\(\\s*<?([^\\s)>]+)>?(?:\\s+[\"'][^)]*[\"'])?\\s*\\)", // 4, 5 image
    "\\[((?:[^\\[\\]]|\\[[^\\]]*\\])*)\\]\\(\\s*<?([^\\s)>]*)>?(?:\\s+[\"'][^)]*[\"'])?\\s*\\)", // 6, 7 link
    "<((?:https?:\\/\\/|mailto:)[^\\s>]+)>", // 8 address
    "(\\*\\*|__)(?=\\S)([\\s\\S]*?\\S)\\9", // 9, 10 strong
    "~~(?=\\S)([\\s\\S]*?\\S)~~", // 11 struck
    "\\*(?=\\S)([\\s\\S]*?\\S)\\*(?!\\*)", // 12 emphasis
    "(?<![\\w])_(?=\\S)([\\s\\S]*?\\S)_(?![\\w])", // 13 emphasis
    "(https?:\\/\\/[^\\s<>()\\[\\]]+[^\\s<>()\\[\\].,;:!?'\"])", // 14 bare address
  ].join("|"),
  "g",
);

export function inline(text, depth = 0) {
  const out = [];
  if (depth > 12) return [text];
  let at = 0;
  for (const match of text.matchAll(INLINE)) {
    if (match.index > at) out.push(text.slice(at, match.index));
    out.push(inlinePart(match, depth));
    at = match.index + match[0].length;
  }
  if (at < text.length) out.push(text.slice(at));
  return out;
}

function inlinePart(match, depth) {
  const inner = (part) => inline(part, depth + 1);
  if (match[1] !== undefined) return match[1];
  if (match[3] !== undefined) return h("code", {}, match[3].trim() || match[3]);
  if (match[5] !== undefined) {
    const source = safeImage(match[5]);
    return source === null ? match[0] : h("img", { src: source, alt: match[4], loading: "lazy" });
  }
  if (match[7] !== undefined) return link(match[7], {}, inner(match[6]));
  if (match[8] !== undefined) return link(match[8], {}, match[8]);
  if (match[10] !== undefined) return h("strong", {}, inner(match[10]));
  if (match[11] !== undefined) return h("del", {}, inner(match[11]));
  if (match[12] !== undefined) return h("em", {}, inner(match[12]));
  if (match[13] !== undefined) return h("em", {}, inner(match[13]));
  return link(match[14], {}, match[14]);
}

// The first words of a text, without marks, for lists and search results.
export function plain(text, length = 220) {
  const bare = String(text || "")
    .replace(/```[\s\S]*?```/g, " ")
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/[*`#>|]+/g, "")
    .replace(/\s+/g, " ")
    .trim();
  return bare.length > length ? `${bare.slice(0, length).trimEnd()}…` : bare;
}
