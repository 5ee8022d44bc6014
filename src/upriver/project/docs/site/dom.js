// Making elements. Text always goes in as text: nothing in this site parses HTML.

export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(props || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "class") element.className = value;
    else if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "data") Object.assign(element.dataset, value);
    else if (key === "style") Object.assign(element.style, value);
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  append(element, children);
  return element;
}

export function append(element, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (Array.isArray(child)) append(element, child);
    else element.append(child instanceof Node ? child : String(child));
  }
}

export function replace(element, ...children) {
  element.replaceChildren();
  append(element, children);
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

const ICONS = {
  search: "M11 4a7 7 0 1 1 0 14 7 7 0 0 1 0-14zM16.2 16.2 21 21",
  sun: "M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6 19 19M5 19l1.4-1.4M17.6 6.4 19 5",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z",
  graph: "M4 5h5v5H4zM15 3h5v5h-5zM15 14h5v5h-5zM9 7.5h3M12 5.5v11M12 5.5h3M12 16.5h3",
  chevron: "M9 6l6 6-6 6",
  close: "M6 6l12 12M18 6 6 18",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  check: "M5 12.5l4.5 4.5L19 7.5",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  fit: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  menu: "M4 6h16M4 12h16M4 18h16",
  help: "M9.2 9a2.9 2.9 0 1 1 4 2.7c-.8.4-1.2 1-1.2 1.9M12 17.2v.1",
  open: "M14 4h6v6M20 4l-9 9M18 14v6H4V6h6",
  focus: "M12 9a3 3 0 1 1 0 6 3 3 0 0 1 0-6zM12 2v4M12 18v4M2 12h4M18 12h4",
};

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

// Only addresses that cannot run anything: the web's, mail, places on the site, relative files.
export function safeUrl(text) {
  const address = String(text || "").replace(/[\u0000-\u0020\u007f-\u009f]/g, "");
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(address);
  if (scheme && !/^(https?|mailto)$/i.test(scheme[1])) return null;
  return address || null;
}

export function safeImage(text) {
  const address = String(text || "").trim();
  if (/^data:image\/(png|jpeg|gif|webp);base64,[a-z0-9+/=\s]+$/i.test(address)) return address;
  const url = safeUrl(address);
  return url && !/^mailto:/i.test(url) ? url : null;
}

export function link(href, props, ...children) {
  const url = safeUrl(href);
  if (url === null) return h("span", props, ...children);
  const isOutside = /^(https?|mailto):/i.test(url) || url.startsWith("//");
  const more = isOutside ? { target: "_blank", rel: "noopener noreferrer" } : {};
  return h("a", { ...props, ...more, href: url }, ...children);
}

export function copyButton(getText, label) {
  const button = h("button", { class: "quiet", type: "button", title: label, "aria-label": label }, icon("copy"));
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(getText());
      replace(button, icon("check"));
      setTimeout(() => replace(button, icon("copy")), 1400);
    } catch (error) {
      button.title = "The browser does not allow copying here";
    }
  });
  return button;
}

export function count(number, noun, plural) {
  const text = number.toLocaleString("en");
  return `${text} ${number === 1 ? noun : plural || `${noun}s`}`;
}
