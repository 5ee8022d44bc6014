// Placing a graph in layers, left to right, so that edges go one way and cross seldom.
//
// Layers by longest path; edges that skip layers get stand-ins in between, so that they run around
// nodes; order within a layer by the mean place of neighbours; places by pulling every node towards
// its neighbours and keeping the order, which is a regression under constraints solved exactly.

export const NODE_WIDTH = 210;
export const NODE_HEIGHT = 38;
const LAYER_GAP = 62;
const ROW_GAP = 14;
const STAND_IN_HEIGHT = 6;
const MANY_NODES = 900;
const FOLD_GAP = 26;
const WIDE = 1.7;

// `nodes` are ids, `edges` pairs of ids. Returns places by id and the bends of each edge.
export function layoutGraph(nodes, edges) {
  const known = new Set(nodes);
  const parents = new Map(nodes.map((id) => [id, []]));
  const children = new Map(nodes.map((id) => [id, []]));
  const kept = edges.filter(([from, to]) => known.has(from) && known.has(to) && from !== to);
  for (const [from, to] of kept) {
    parents.get(to).push(from);
    children.get(from).push(to);
  }
  const rank = layersOf(nodes, parents, children);
  const graph = withStandIns(nodes, kept, rank);
  orderLayers(graph);
  if (nodes.length > MANY_NODES) foldLayers(graph);
  else placeRows(graph);
  return collect(graph, nodes, kept);
}

function layersOf(nodes, parents, children) {
  const rank = new Map();
  const waiting = new Map(nodes.map((id) => [id, parents.get(id).length]));
  const ready = nodes.filter((id) => waiting.get(id) === 0);
  ready.forEach((id) => rank.set(id, 0));
  for (let at = 0; at < ready.length; at += 1) {
    const id = ready[at];
    for (const child of children.get(id)) {
      rank.set(child, Math.max(rank.get(child) || 0, rank.get(id) + 1));
      waiting.set(child, waiting.get(child) - 1);
      if (waiting.get(child) === 0) ready.push(child);
    }
  }
  for (const id of nodes) if (!rank.has(id)) rank.set(id, 0);
  // What has no parents stands right before its first reader, not at the far left.
  for (let at = ready.length - 1; at >= 0; at -= 1) {
    const id = ready[at];
    const below = children.get(id);
    if (parents.get(id).length === 0 && below.length > 0) {
      rank.set(id, Math.max(0, Math.min(...below.map((child) => rank.get(child))) - 1));
    }
  }
  return rank;
}

function withStandIns(nodes, edges, rank) {
  const items = new Map();
  const layers = [];
  const put = (item) => {
    (layers[item.layer] = layers[item.layer] || []).push(item);
    items.set(item.id, item);
    return item;
  };
  const seen = new Set();
  const start = (id) => {
    if (!seen.has(id)) {
      seen.add(id);
      put({ id, layer: rank.get(id), height: NODE_HEIGHT, up: [], down: [], order: 0, y: 0 });
    }
  };
  // Depth first, so that what belongs together begins side by side.
  const below = new Map();
  for (const [from, to] of edges) below.set(from, [...(below.get(from) || []), to]);
  const stack = [...nodes].sort((a, b) => rank.get(a) - rank.get(b)).reverse();
  while (stack.length) {
    const id = stack.pop();
    if (seen.has(id)) continue;
    start(id);
    for (const child of [...(below.get(id) || [])].reverse()) if (!seen.has(child)) stack.push(child);
  }
  const chains = [];
  const isLarge = nodes.length > MANY_NODES;
  for (const [from, to] of edges) {
    const chain = [items.get(from)];
    const [first, last] = [rank.get(from), rank.get(to)];
    if (!isLarge) {
      for (let layer = first + 1; layer < last; layer += 1) {
        chain.push(put({ id: `${from}>${to}@${layer}`, layer, height: STAND_IN_HEIGHT, up: [], down: [], order: 0, y: 0, isStandIn: true }));
      }
    }
    chain.push(items.get(to));
    for (let at = 1; at < chain.length; at += 1) {
      chain[at - 1].down.push(chain[at]);
      chain[at].up.push(chain[at - 1]);
    }
    chains.push(chain);
  }
  for (let at = 0; at < layers.length; at += 1) layers[at] = layers[at] || [];
  return { items, layers, chains };
}

function orderLayers(graph) {
  const { layers } = graph;
  const number = (layer) => layer.forEach((item, at) => (item.order = at));
  layers.forEach(number);
  const size = graph.items.size;
  const sweeps = size > 3000 ? 6 : 14;
  let best = null;
  let fewest = Infinity;
  for (let sweep = 0; sweep < sweeps; sweep += 1) {
    const isDown = sweep % 2 === 0;
    const walked = isDown ? layers.slice(1) : layers.slice(0, -1).reverse();
    for (const layer of walked) {
      for (const item of layer) {
        const near = isDown ? item.up : item.down;
        item.wish = near.length ? near.reduce((sum, one) => sum + one.order, 0) / near.length : item.order;
      }
      layer.sort((a, b) => a.wish - b.wish || a.order - b.order);
      number(layer);
    }
    const crossed = size > 3000 ? sweep * -1 : crossings(layers);
    if (crossed < fewest) {
      fewest = crossed;
      best = layers.map((layer) => [...layer]);
    }
  }
  if (best) {
    best.forEach((layer, at) => (layers[at] = layer));
    layers.forEach(number);
  }
}

function crossings(layers) {
  let total = 0;
  for (const layer of layers) {
    const ends = [];
    for (const item of layer) ends.push(...item.down.filter((one) => one.layer === item.layer + 1).map((one) => one.order).sort((a, b) => a - b));
    total += inversions(ends);
  }
  return total;
}

function inversions(values) {
  const size = values.reduce((most, value) => Math.max(most, value), 0) + 2;
  const sums = new Int32Array(size + 1);
  let found = 0;
  for (let at = values.length - 1; at >= 0; at -= 1) {
    for (let place = values[at]; place > 0; place -= place & -place) found += sums[place];
    for (let place = values[at] + 1; place <= size; place += place & -place) sums[place] += 1;
  }
  return found;
}

// A layer of thousands is folded into several columns, so that a large project is a map rather than
// a strip.
function foldLayers(graph) {
  const ratio = (NODE_WIDTH + FOLD_GAP) / (NODE_HEIGHT + ROW_GAP) / WIDE;
  const rows = Math.max(20, Math.ceil(Math.sqrt(graph.items.size * ratio)));
  let left = 0;
  for (const layer of graph.layers) {
    const high = Math.min(rows, layer.length) * (NODE_HEIGHT + ROW_GAP);
    layer.forEach((item, at) => {
      item.x = left + Math.floor(at / rows) * (NODE_WIDTH + FOLD_GAP);
      item.y = (at % rows) * (NODE_HEIGHT + ROW_GAP) - high / 2;
    });
    left += Math.ceil(layer.length / rows) * (NODE_WIDTH + FOLD_GAP) + LAYER_GAP;
  }
}

function placeRows(graph) {
  for (const layer of graph.layers) {
    let y = 0;
    for (const item of layer) {
      item.y = y + item.height / 2;
      y += item.height + ROW_GAP;
    }
    layer.forEach((item) => (item.y -= y / 2));
  }
  const rounds = graph.items.size > 3000 ? 6 : 24;
  for (let round = 0; round < rounds; round += 1) {
    const layers = round % 2 === 0 ? graph.layers : [...graph.layers].reverse();
    for (const layer of layers) settle(layer, (item) => wish(item, round));
  }
}

function wish(item, round) {
  const near = round % 2 === 0 ? item.up : item.down;
  const all = near.length ? near : round < 4 ? near : [...item.up, ...item.down];
  if (!all.length) return item.y;
  const weight = (one) => (one.isStandIn && item.isStandIn ? 4 : 1);
  const total = all.reduce((sum, one) => sum + weight(one), 0);
  return all.reduce((sum, one) => sum + one.y * weight(one), 0) / total;
}

// The nearest places to those wished for that keep the order and the distances: blocks that would
// overlap are joined, and stand at the mean of their wishes.
function settle(layer, wished) {
  const blocks = [];
  let offset = 0;
  let before = 0;
  for (const item of layer) {
    if (blocks.length) offset += before / 2 + item.height / 2 + ROW_GAP;
    before = item.height;
    item.offset = offset;
    let block = { items: [item], sum: wished(item) - offset, size: 1 };
    while (blocks.length && blocks[blocks.length - 1].sum / blocks[blocks.length - 1].size >= block.sum / block.size) {
      const last = blocks.pop();
      block = { items: last.items.concat(block.items), sum: last.sum + block.sum, size: last.size + block.size };
    }
    blocks.push(block);
  }
  for (const block of blocks) for (const item of block.items) item.y = block.sum / block.size + item.offset;
}

function collect(graph, nodes, edges) {
  const x = (item) => (item.x === undefined ? item.layer * (NODE_WIDTH + LAYER_GAP) : item.x);
  const places = new Map();
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const id of nodes) {
    const item = graph.items.get(id);
    const place = { id, x: x(item), y: item.y - NODE_HEIGHT / 2, layer: item.layer };
    places.set(id, place);
    left = Math.min(left, place.x);
    top = Math.min(top, place.y);
    right = Math.max(right, place.x + NODE_WIDTH);
    bottom = Math.max(bottom, place.y + NODE_HEIGHT);
  }
  const lines = graph.chains.map((chain, at) => {
    const points = [];
    chain.forEach((item, step) => {
      if (item.isStandIn) points.push([x(item), item.y], [x(item) + NODE_WIDTH, item.y]);
      else if (step === 0) points.push([x(item) + NODE_WIDTH, item.y]);
      else points.push([x(item), item.y]);
    });
    return { from: edges[at][0], to: edges[at][1], points };
  });
  if (!nodes.length) [left, top, right, bottom] = [0, 0, 0, 0];
  return { places, lines, box: { left, top, right, bottom }, layers: graph.layers.length };
}

// Everything within so many steps upstream and downstream of some resources.
export function neighbourhood(roots, parents, children, up, down, isKept) {
  const found = new Set(roots.filter(isKept));
  const walk = (near, depth) => {
    let front = [...roots];
    const seen = new Set(front);
    for (let step = 0; step < depth && front.length; step += 1) {
      const next = [];
      for (const id of front) {
        for (const other of near.get(id) || []) {
          if (seen.has(other) || !isKept(other)) continue;
          seen.add(other);
          found.add(other);
          next.push(other);
        }
      }
      front = next;
    }
  };
  walk(parents, up);
  walk(children, down);
  return [...found];
}
