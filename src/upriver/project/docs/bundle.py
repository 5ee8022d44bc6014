"""Put the site beside the artifacts: as a folder to be served, or as one file that needs nothing.

The site is plain modules of JavaScript. For one file they are joined: each becomes a function that
returns what it exports, in the order in which they need each other. That works because the modules
keep to one form of import and of export, which a test checks.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Iterator, Mapping

from upriver.state.publish import write_atomically

SITE = os.path.join(os.path.dirname(__file__), "site")
FOLDER = "docs_site"
"""Name of the folder beside `index.html`."""
INDEX = "index.html"
STATIC = "static_index.html"
DATA = ("manifest.json", "catalog.json", "sources.json", "run_results.json")
"""What the site shows; the last three may be missing."""
ENTRY = "main.js"

_IMPORT = re.compile(r'^import \{\s*([^}]*?)\s*\} from "\./([a-z_]+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?function|const|class)", re.MULTILINE)
_NAME = re.compile(r"^export (?:async )?(?:function|const|class) (\w+)", re.MULTILINE)
_POLICY = re.compile(r'content="default-src[^"]*"')


def site_files() -> dict[str, bytes]:
    """Return the files of the site by name, `index.html` among them."""
    found: dict[str, bytes] = {}
    for name in sorted(os.listdir(SITE)):
        if name.endswith((".html", ".js", ".css", ".svg")):
            with open(os.path.join(SITE, name), "rb") as file:
                found[name] = file.read()
    return found


def write_site(target_path: str) -> str:
    """Write the site as a folder to be served, and return the path of its first page."""
    for name, data in site_files().items():
        folder = target_path if name == INDEX else os.path.join(target_path, FOLDER)
        write_atomically(os.path.join(folder, name), data)
    return os.path.join(target_path, INDEX)


def write_static_site(target_path: str) -> str:
    """Write the site and the artifacts as one file, and return its path."""
    artifacts: dict[str, bytes] = {}
    for name in DATA:
        try:
            with open(os.path.join(target_path, name), "rb") as file:
                artifacts[name] = file.read()
        except FileNotFoundError:
            continue
    path = os.path.join(target_path, STATIC)
    write_atomically(path, static_page(site_files(), artifacts))
    return path


def static_page(files: Mapping[str, bytes], artifacts: Mapping[str, bytes]) -> bytes:
    """Return one page that holds scripts, styles and artifacts."""
    scripts = {name: data.decode() for name, data in files.items() if name.endswith(".js")}
    style = files["styles.css"].decode()
    theme, main = _guarded(scripts.pop("theme.js")), _guarded(joined(scripts, ENTRY))
    policy = (
        f"content=\"default-src 'none'; script-src {_hash(theme)} {_hash(main)};"
        f" style-src {_hash(style)}; img-src https: http: data:; base-uri 'none';"
        " form-action 'none'\""
    )
    page = _POLICY.sub(lambda _: policy, files[INDEX].decode())
    before, rest = page.split(f'<link rel="stylesheet" href="{FOLDER}/styles.css" />')
    between, rest = rest.split(f'<script src="{FOLDER}/theme.js"></script>')
    body, after = rest.split(f'<script type="module" src="{FOLDER}/{ENTRY}"></script>')
    text = (before, f"<style>{style}</style>", between, f"<script>{theme}</script>", body)
    end = f"<script>{main}</script>{after}"
    return b"".join((*(t.encode() for t in text), *_embedded(artifacts), end.encode()))


def _embedded(artifacts: Mapping[str, bytes]) -> Iterator[bytes]:
    """Data no browser runs. A `<` inside JSON is always in a text, where it may be spelled out."""
    for name, data in artifacts.items():
        yield f'<script type="application/json" id="{name}">'.encode()
        yield data.replace(b"<", b"\\u003c")
        yield b"</script>\n"


def joined(modules: Mapping[str, str], entry: str) -> str:
    """Join modules to one script; raises ValueError where one imports what is not there."""
    done: dict[str, str] = {}
    _join(entry, modules, done, ())
    return '"use strict";\n' + "".join(done.values())


def _join(
    name: str, modules: Mapping[str, str], done: dict[str, str], above: tuple[str, ...]
) -> None:
    if name in done:
        return
    if name not in modules or name in above:
        raise ValueError(f"`{name}` is missing, or imports itself through {above}")
    text = modules[name]
    for match in _IMPORT.finditer(text):
        _join(match[2], modules, done, (*above, name))
    exported = ", ".join(_NAME.findall(text))
    body = _IMPORT.sub(lambda m: f"const {{ {_renamed(m[1])} }} = {_variable(m[2])};\n", text)
    body = _EXPORT.sub("", body)
    done[name] = f"const {_variable(name)} = (() => {{\n{body}\nreturn {{ {exported} }};\n}})();\n"


def _variable(name: str) -> str:
    return f"${name.removesuffix('.js')}"


def _renamed(names: str) -> str:
    return re.sub(r"\s+as\s+", ": ", names)


def _guarded(script: str) -> str:
    """Keep a script from ending its element early."""
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
