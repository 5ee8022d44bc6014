// The lineage graph on a canvas: drawn only where it is looked at, so that thousands of nodes move
// smoothly. What can be done with the pointer can be done with the keyboard.

import { h, icon } from "./dom.js";
import { kindName, materializedOf, deferredTo } from "./data.js";
import { layoutGraph, NODE_WIDTH, NODE_HEIGHT } from "./layout.js";

const SMALLEST = 0.04;
const LARGEST = 2.2;
const MARGIN = 34;
const SMALL_MOST = 0.95;
const SMALL_LEAST = 0.62;
const CROWDED = 900;
const TWO_LINES = 0.68;

export function lineageView(project, options) {
  const canvas = h("canvas", { tabindex: "0", role: "img", "aria-label": "Lineage graph. Use the arrow keys to move between resources, Enter to open one." });
  const told = h("div", { class: "sr-only", "aria-live": "polite" });
  const root = h("div", { class: "lineage-canvas" }, canvas, told, zoomButtons());
  const context = canvas.getContext("2d");
  const state = { layout: null, focus: null, hovered: null, chosen: null, lit: null, scale: 1, x: 0, y: 0, width: 0, height: 0, near: null, isMoved: false };
  let colours = readColours();
  let frame = 0;

  function show(ids, edges, focus) {
    state.layout = layoutGraph(ids, edges);
    state.focus = focus;
    state.near = nearOf(edges);
    state.chosen = focus && state.layout.places.has(focus) ? focus : null;
    state.hovered = null;
    state.isMoved = false;
    light();
    if (options.isSmall) setHeight();
    fit();
  }

  // A graph inside a page is as high as it needs to be.
  function setHeight() {
    const { left, top, right, bottom } = state.layout.box;
    const wide = (root.clientWidth - 2 * MARGIN) / Math.max(right - left, 1);
    const scale = Math.max(SMALL_LEAST, Math.min(wide, SMALL_MOST));
    const height = Math.round(Math.max(150, Math.min(400, (bottom - top) * scale + 2 * MARGIN)));
    root.style.height = `${height}px`;
    state.height = height;
    state.width = Math.round(root.clientWidth);
    resize();
  }

  function nearOf(edges) {
    const up = new Map();
    const down = new Map();
    for (const [from, to] of edges) {
      down.set(from, [...(down.get(from) || []), to]);
      up.set(to, [...(up.get(to) || []), from]);
    }
    return { up, down };
  }

  // Light up a resource's whole ancestry and descent.
  function light() {
    const id = state.hovered || (state.chosen !== state.focus ? state.chosen : null);
    if (!id) {
      state.lit = null;
      return;
    }
    const lit = new Set([id]);
    for (const near of [state.near.up, state.near.down]) {
      const stack = [id];
      const seen = new Set(stack);
      while (stack.length) {
        for (const other of near.get(stack.pop()) || []) {
          if (seen.has(other)) continue;
          seen.add(other);
          lit.add(other);
          stack.push(other);
        }
      }
    }
    state.lit = lit;
  }

  function resize() {
    const box = root.getBoundingClientRect();
    if (!box.width || !box.height) return;
    const ratio = window.devicePixelRatio || 1;
    const isNew = Math.round(box.width) !== state.width || Math.round(box.height) !== state.height;
    state.width = Math.round(box.width);
    state.height = Math.round(box.height);
    canvas.width = state.width * ratio;
    canvas.height = state.height * ratio;
    if (isNew && !state.isMoved) fit();
    else draw();
  }

  function fit() {
    if (!state.layout || !state.width) return;
    const { left, top, right, bottom } = state.layout.box;
    const wide = (state.width - 2 * MARGIN) / Math.max(right - left, 1);
    const high = (state.height - 2 * MARGIN) / Math.max(bottom - top, 1);
    state.scale = Math.max(SMALLEST, Math.min(wide, high, options.isSmall ? SMALL_MOST : 1.15));
    const least = options.isSmall ? SMALL_LEAST : 0;
    if (state.scale < least && state.focus && state.layout.places.has(state.focus)) {
      state.scale = least;
      center(state.focus);
      // Beside the focus, show as much of the rest as there is room for.
      state.x = Math.max(Math.min(state.x, MARGIN - left * least), state.width - MARGIN - right * least);
      state.y = bottom - top < state.height / least ? state.height / 2 - ((top + bottom) / 2) * least : state.y;
      return;
    }
    state.x = state.width / 2 - ((left + right) / 2) * state.scale;
    state.y = state.height / 2 - ((top + bottom) / 2) * state.scale;
    draw();
  }

  function center(id) {
    const place = state.layout.places.get(id);
    if (!place) return;
    state.x = state.width / 2 - (place.x + NODE_WIDTH / 2) * state.scale;
    state.y = state.height / 2 - (place.y + NODE_HEIGHT / 2) * state.scale;
    draw();
  }

  function zoom(factor, atX = state.width / 2, atY = state.height / 2) {
    const scale = Math.max(SMALLEST, Math.min(LARGEST, state.scale * factor));
    const change = scale / state.scale;
    state.x = atX - (atX - state.x) * change;
    state.y = atY - (atY - state.y) * change;
    state.scale = scale;
    state.isMoved = true;
    draw();
  }

  function draw() {
    if (!frame) frame = requestAnimationFrame(paint);
  }

  function paint() {
    frame = 0;
    if (!state.layout) return;
    const ratio = window.devicePixelRatio || 1;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, state.width, state.height);
    context.setTransform(ratio * state.scale, 0, 0, ratio * state.scale, ratio * state.x, ratio * state.y);
    const seen = {
      left: -state.x / state.scale,
      top: -state.y / state.scale,
      right: (state.width - state.x) / state.scale,
      bottom: (state.height - state.y) / state.scale,
    };
    paintLines(seen);
    for (const place of state.layout.places.values()) {
      if (place.x > seen.right || place.x + NODE_WIDTH < seen.left || place.y > seen.bottom || place.y + NODE_HEIGHT < seen.top) continue;
      paintNode(place);
    }
  }

  function paintLines(seen) {
    const { lines } = state.layout;
    // Among thousands, lines are drawn only of what is pointed at.
    const isCrowded = state.layout.places.size > CROWDED;
    const thin = Math.max(1.4, 1.1 / state.scale);
    for (const isLit of [false, true]) {
      if ((isLit && !state.lit) || (isCrowded && !isLit)) continue;
      context.beginPath();
      for (const line of lines) {
        const lineLit = Boolean(state.lit && state.lit.has(line.from) && state.lit.has(line.to));
        if (lineLit !== isLit && state.lit) continue;
        if (!isVisible(line, seen)) continue;
        traceLine(line.points);
      }
      context.strokeStyle = isLit ? colours.accent : state.lit ? colours.edgeFaint : colours.edge;
      context.lineWidth = isLit ? thin * 1.5 : thin;
      context.stroke();
    }
    if (state.scale > 0.3 && !isCrowded) paintHeads(seen);
  }

  function isVisible(line, seen) {
    const first = line.points[0];
    const last = line.points[line.points.length - 1];
    if (first[0] > seen.right || last[0] < seen.left) return false;
    const ys = line.points.map((point) => point[1]);
    return Math.min(...ys) <= seen.bottom && Math.max(...ys) >= seen.top;
  }

  function traceLine(points) {
    context.moveTo(points[0][0], points[0][1]);
    for (let at = 1; at < points.length; at += 1) {
      const [x0, y0] = points[at - 1];
      const [x1, y1] = points[at];
      const bend = Math.max((x1 - x0) * 0.5, 20);
      if (y0 === y1) context.lineTo(x1, y1);
      else context.bezierCurveTo(x0 + bend, y0, x1 - bend, y1, x1, y1);
    }
  }

  function paintHeads(seen) {
    for (const isLit of [false, true]) {
      context.beginPath();
      for (const line of state.layout.lines) {
        const lineLit = Boolean(state.lit && state.lit.has(line.from) && state.lit.has(line.to));
        if (lineLit !== isLit || !isVisible(line, seen)) continue;
        const [x, y] = line.points[line.points.length - 1];
        context.moveTo(x, y);
        context.lineTo(x - 7, y - 4);
        context.lineTo(x - 7, y + 4);
        context.closePath();
      }
      context.fillStyle = isLit ? colours.accent : state.lit ? colours.edgeFaint : colours.edge;
      context.fill();
    }
  }

  function paintNode(place) {
    const resource = project.resources.get(place.id);
    const isDim = state.lit !== null && !state.lit.has(place.id);
    const isFocus = place.id === state.focus;
    const colour = nodeColour(resource, colours);
    const { x, y } = place;
    context.globalAlpha = isDim ? 0.28 : 1;
    if (state.scale < 0.16) {
      context.fillStyle = colour;
      context.fillRect(x, y, NODE_WIDTH, NODE_HEIGHT);
      context.globalAlpha = 1;
      return;
    }
    box(x, y, NODE_WIDTH, NODE_HEIGHT, 8);
    context.fillStyle = isFocus ? colours.accentSoft : colours.surface;
    context.fill();
    context.save();
    context.clip();
    context.fillStyle = colour;
    context.fillRect(x, y, 5, NODE_HEIGHT);
    context.restore();
    const isChosen = place.id === state.chosen || place.id === state.hovered;
    context.lineWidth = isChosen || isFocus ? 2 : 1;
    context.strokeStyle = isChosen || isFocus ? colours.accent : colours.border;
    if (deferredTo(project, resource)) context.setLineDash([5, 3]);
    context.stroke();
    context.setLineDash([]);
    if (state.scale > 0.26) paintWords(place, resource, colour);
    context.globalAlpha = 1;
  }

  function paintWords(place, resource, colour) {
    const { x, y } = place;
    context.textBaseline = "middle";
    if (state.scale < TWO_LINES) {
      // From afar the name alone, larger, so that it can be read as long as possible.
      const size = Math.min(20, 10.5 / state.scale);
      context.font = `${place.id === state.focus ? 650 : 550} ${size}px ${colours.font}`;
      context.fillStyle = colours.text;
      context.fillText(shortened(context, resource.label, NODE_WIDTH - 24), x + 14, y + NODE_HEIGHT / 2 + 0.5);
      return;
    }
    context.font = `${place.id === state.focus ? 600 : 500} 13px ${colours.font}`;
    context.fillStyle = colours.text;
    context.fillText(shortened(context, resource.label, NODE_WIDTH - 26), x + 15, y + 14);
    context.font = `500 10px ${colours.font}`;
    context.fillStyle = colour;
    const kind = kindName(resource.kind).toUpperCase();
    context.fillText(kind, x + 15, y + 28.5);
    const more = materializedOf(resource);
    if (more && more !== resource.kind) {
      const width = context.measureText(`${kind}  `).width;
      context.fillStyle = colours.faint;
      context.fillText(more, x + 15 + width, y + 28.5);
    }
  }

  function box(x, y, width, height, radius) {
    context.beginPath();
    context.roundRect(x, y, width, height, radius);
  }

  function at(event) {
    const bounds = canvas.getBoundingClientRect();
    const x = (event.clientX - bounds.left - state.x) / state.scale;
    const y = (event.clientY - bounds.top - state.y) / state.scale;
    if (!state.layout) return null;
    for (const place of state.layout.places.values()) {
      if (x >= place.x && x <= place.x + NODE_WIDTH && y >= place.y && y <= place.y + NODE_HEIGHT) return place.id;
    }
    return null;
  }

  function choose(id, isCentred) {
    state.chosen = id;
    state.hovered = null;
    light();
    if (id && isCentred && !isOnScreen(id)) center(id);
    if (id) {
      const resource = project.resources.get(id);
      told.textContent = `${kindName(resource.kind)} ${resource.label}`;
    }
    if (options.onChoose) options.onChoose(id);
    draw();
  }

  function isOnScreen(id) {
    const place = state.layout.places.get(id);
    const x = place.x * state.scale + state.x;
    const y = place.y * state.scale + state.y;
    return x > 0 && y > 0 && x + NODE_WIDTH * state.scale < state.width && y + NODE_HEIGHT * state.scale < state.height;
  }

  // Pointers: dragging moves, pinching and the wheel zoom, a click chooses, a second one opens.
  const pointers = new Map();
  let drag = null;
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, [event.clientX, event.clientY]);
    drag = { x: event.clientX, y: event.clientY, fromX: state.x, fromY: state.y, isFar: false };
  });
  canvas.addEventListener("pointermove", (event) => {
    if (pointers.size === 2 && pointers.has(event.pointerId)) {
      pinch(event);
    } else if (drag && pointers.size === 1) {
      const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
      if (Math.abs(dx) + Math.abs(dy) > 4) drag.isFar = true;
      if (drag.isFar) {
        state.x = drag.fromX + dx;
        state.y = drag.fromY + dy;
        state.isMoved = true;
        canvas.style.cursor = "grabbing";
        draw();
      }
    } else {
      const id = at(event);
      canvas.style.cursor = id ? "pointer" : "grab";
      canvas.title = id ? project.resources.get(id).label : "";
      if (id !== state.hovered) {
        state.hovered = id;
        light();
        draw();
      }
    }
  });
  function pinch(event) {
    const other = [...pointers.entries()].find(([id]) => id !== event.pointerId)[1];
    const before = pointers.get(event.pointerId);
    const spread = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);
    const now = [event.clientX, event.clientY];
    const bounds = canvas.getBoundingClientRect();
    zoom(spread(now, other) / Math.max(spread(before, other), 1), (now[0] + other[0]) / 2 - bounds.left, (now[1] + other[1]) / 2 - bounds.top);
    pointers.set(event.pointerId, now);
  }
  const ended = (event) => {
    if (drag && !drag.isFar && pointers.size === 1 && event.type === "pointerup") {
      const id = at(event);
      if (id && id === state.chosen && options.isSmall) options.onOpen(id);
      else if (id && options.isSmall) options.onOpen(id);
      else choose(id);
    }
    pointers.delete(event.pointerId);
    drag = null;
    canvas.style.cursor = "grab";
  };
  canvas.addEventListener("pointerup", ended);
  canvas.addEventListener("pointercancel", ended);
  canvas.addEventListener("pointerleave", () => {
    if (state.hovered && !drag) {
      state.hovered = null;
      light();
      draw();
    }
  });
  canvas.addEventListener("dblclick", (event) => {
    const id = at(event);
    if (id) options.onOpen(id);
  });
  canvas.addEventListener(
    "wheel",
    (event) => {
      // A graph inside a page leaves plain scrolling to the page.
      if (options.isSmall && !event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const bounds = canvas.getBoundingClientRect();
      zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0016)), event.clientX - bounds.left, event.clientY - bounds.top);
    },
    { passive: false },
  );
  canvas.addEventListener("keydown", (event) => {
    if (!state.layout || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  const KEYS = {
    ArrowLeft: () => step("up"),
    ArrowRight: () => step("down"),
    ArrowUp: () => beside(-1),
    ArrowDown: () => beside(1),
    Enter: () => state.chosen && options.onOpen(state.chosen),
    f: () => state.chosen && options.onFocus && options.onFocus(state.chosen),
    "+": () => zoom(1.25),
    "=": () => zoom(1.25),
    "-": () => zoom(0.8),
    0: () => fit(),
    Escape: () => choose(null),
  };

  function start() {
    const first = state.focus || [...state.layout.places.keys()][0];
    if (first) choose(first, true);
  }

  function step(direction) {
    if (!state.chosen) return start();
    const from = state.layout.places.get(state.chosen);
    const near = (state.near[direction].get(state.chosen) || []).map((id) => state.layout.places.get(id)).filter(Boolean);
    near.sort((a, b) => Math.abs(a.y - from.y) - Math.abs(b.y - from.y));
    if (near.length) choose(near[0].id, true);
    return undefined;
  }

  function beside(direction) {
    if (!state.chosen) return start();
    const from = state.layout.places.get(state.chosen);
    const near = [...state.layout.places.values()].filter((place) => place.layer === from.layer && Math.sign(place.y - from.y) === direction);
    near.sort((a, b) => Math.abs(a.y - from.y) - Math.abs(b.y - from.y));
    if (near.length) choose(near[0].id, true);
    return undefined;
  }

  function zoomButtons() {
    const button = (name, label, act) => h("button", { type: "button", class: "quiet", title: label, "aria-label": label, onclick: act }, icon(name));
    return h("div", { class: "zoom" },
      button("plus", "Zoom in", () => zoom(1.3)),
      button("minus", "Zoom out", () => zoom(0.77)),
      button("fit", "Show everything", () => { state.isMoved = false; fit(); }));
  }

  const observer = new ResizeObserver(resize);
  observer.observe(root);
  const onTheme = () => {
    colours = readColours();
    draw();
  };
  document.addEventListener("themechange", onTheme);

  return {
    root,
    show,
    fit,
    choose,
    center,
    focusCanvas: () => canvas.focus(),
    state,
    close() {
      observer.disconnect();
      document.removeEventListener("themechange", onTheme);
    },
  };
}

export function nodeColour(resource, colours) {
  const own = (resource.raw.docs && resource.raw.docs.node_color) || (resource.raw.config && resource.raw.config.docs && resource.raw.config.docs.node_color);
  if (own && window.CSS && CSS.supports("color", own)) return own;
  return colours.kinds[resource.kind] || colours.faint;
}

export function readColours() {
  const style = getComputedStyle(document.documentElement);
  const read = (name) => style.getPropertyValue(name).trim();
  const kinds = {};
  for (const kind of ["source", "seed", "model", "snapshot", "test", "unit_test", "exposure", "metric", "semantic_model", "saved_query", "macro", "analysis", "function"]) {
    kinds[kind] = read(`--kind-${kind.replace("_", "-")}`);
  }
  return {
    accent: read("--accent"),
    accentSoft: read("--accent-soft"),
    surface: read("--surface"),
    border: read("--border-strong"),
    edge: read("--edge"),
    edgeFaint: read("--edge-faint"),
    text: read("--text"),
    faint: read("--text-faint"),
    font: read("--font"),
    kinds,
  };
}

const widths = new Map();

function shortened(context, text, width) {
  const key = `${context.font}|${text}`;
  const known = widths.get(key);
  if (known !== undefined) return known;
  let shown = text;
  if (context.measureText(text).width > width) {
    let [low, high] = [0, text.length];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (context.measureText(`${text.slice(0, middle)}…`).width <= width) low = middle;
      else high = middle - 1;
    }
    shown = `${text.slice(0, low)}…`;
  }
  widths.set(key, shown);
  return shown;
}
