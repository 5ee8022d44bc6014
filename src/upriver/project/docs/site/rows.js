// Long lists of which only what is looked at is in the document.

import { h } from "./dom.js";

const BEYOND = 12;

// Rows of one height; `render(index)` makes an element, `total()` says how many there are.
export function rowList({ height, total, render, label, role = "list", scroller }) {
  const inner = h("div", { class: "rows-inner" });
  const root = h("div", { class: "rows", role, "aria-label": label }, inner);
  const box = scroller || root;
  const shown = new Map();

  function refresh(isNew) {
    const count = total();
    inner.style.height = `${count * height}px`;
    const top = scroller ? box.getBoundingClientRect().top - inner.getBoundingClientRect().top : box.scrollTop;
    const first = Math.max(0, Math.floor(top / height) - BEYOND);
    const last = Math.min(count, Math.ceil((top + box.clientHeight) / height) + BEYOND);
    if (isNew) {
      shown.clear();
      inner.replaceChildren();
    }
    for (const [index, element] of shown) {
      if (index < first || index >= last) {
        element.remove();
        shown.delete(index);
      }
    }
    for (let index = first; index < last; index += 1) {
      if (shown.has(index)) continue;
      const element = render(index);
      element.style.top = `${index * height}px`;
      element.style.height = `${height}px`;
      shown.set(index, element);
      inner.append(element);
    }
  }

  function reveal(index) {
    const top = index * height;
    if (top < root.scrollTop + height) root.scrollTop = Math.max(0, top - height * 3);
    else if (top + height > root.scrollTop + root.clientHeight) root.scrollTop = top - root.clientHeight + height * 4;
  }

  const onScroll = () => refresh(false);
  box.addEventListener("scroll", onScroll, { passive: true });
  const observer = new ResizeObserver(onScroll);
  observer.observe(box);
  return {
    root,
    refresh: () => refresh(true),
    reveal,
    close() {
      observer.disconnect();
      box.removeEventListener("scroll", onScroll);
    },
  };
}
