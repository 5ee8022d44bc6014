"""The site's files: joined to one page, and kept to the forms that joining and safety need."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import pytest

from upriver.project.docs.bundle import ENTRY, joined, site_files, static_page

FILES = site_files()
SCRIPTS = sorted(name for name in FILES if name.endswith(".js"))
MODULES = [name for name in SCRIPTS if name != "theme.js"]


def test_modules_are_joined_in_the_order_of_need() -> None:
    text = joined(
        {
            "main.js": 'import { twice as double } from "./sums.js";\nexport const six = double(3);\n',
            "sums.js": "export function twice(n) {\n  return n * 2;\n}\n",
        },
        "main.js",
    )
    assert text.index("const $sums") < text.index("const $main")
    assert "const { twice: double } = $sums;" in text
    assert "return { six };" in text
    assert "export" not in text.replace("exported", "")


@pytest.mark.parametrize(
    "modules",
    [
        {"main.js": 'import { a } from "./gone.js";\n'},
        {"main.js": 'import { a } from "./b.js";\n', "b.js": 'import { c } from "./main.js";\n'},
    ],
    ids=["missing", "circle"],
)
def test_what_cannot_be_joined_is_refused(modules: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="missing, or imports itself"):
        joined(modules, "main.js")


@pytest.mark.parametrize("name", MODULES)
def test_modules_keep_to_the_forms_that_can_be_joined(name: str) -> None:
    lines = FILES[name].decode().splitlines()
    imports = [line for line in lines if line.startswith("import")]
    exports = [line for line in lines if line.startswith("export")]
    assert all(re.fullmatch(r'import \{ [\w, ]+ \} from "\./[a-z_]+\.js";', i) for i in imports)
    assert all(re.match(r"export (async )?(function|const|class) \w+", e) for e in exports)


@pytest.mark.parametrize("name", SCRIPTS)
def test_nothing_makes_markup_or_code_out_of_text(name: str) -> None:
    dangerous = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|srcdoc"
    )
    assert re.findall(dangerous, FILES[name].decode()) == []


def test_every_module_is_reached() -> None:
    text = joined({name: FILES[name].decode() for name in MODULES}, ENTRY)
    assert sorted(re.findall(r"^const \$(\w+) = ", text, re.MULTILINE)) == sorted(
        name.removesuffix(".js") for name in MODULES
    )


def test_artifacts_cannot_end_the_element_they_are_in() -> None:
    manifest = {"description": "</script><script>alert(1)</script><!--"}
    page = static_page(FILES, {"manifest.json": json.dumps(manifest).encode()}).decode()
    held = re.search(
        r'<script type="application/json" id="manifest.json">(.*?)</script>', page, re.DOTALL
    )
    assert held is not None
    assert json.loads(held[1]) == manifest
    assert "<" not in held[1]


def test_one_page_allows_its_own_scripts_and_no_others() -> None:
    page = static_page(FILES, {}).decode()
    policy = re.search(r'content="(default-src[^"]*)"', page)
    assert policy is not None
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert len(scripts) == 2
    for script in scripts:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy[1]
    assert "unsafe" not in policy[1]
    assert not re.search(r"<(script|link)[^>]+(src|href)=\"(?!data:)", page)
