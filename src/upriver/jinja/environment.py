"""dbt's flavour of Jinja: which tags exist, how a macro is named, what an unknown name does.

Three departures from plain Jinja (JINJA-1..9):

- blocks `materialization`, `test`, `data_test`, `snapshot` and `docs` are read as macros, and
  every macro is stored under a prefixed name, so that a call `f()` inside a template always goes
  to the names the template was given and never to a macro that stands in the same text;
- typed macro arguments are accepted and their types dropped;
- in the body of a node that is being parsed an unknown name gives an empty object that can be
  called and has every attribute; everywhere else it is Jinja's ordinary undefined value.

A text is compiled once per process: code objects are kept with `World.remember`, keyed by text.
They are the same for both rules about unknown names.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Mapping
from types import CodeType, FunctionType, MethodType
from typing import Any, NoReturn

from jinja2 import Template, Undefined, nodes, pass_context
from jinja2.exceptions import TemplateSyntaxError
from jinja2.ext import Extension, do, loopcontrols
from jinja2.nativetypes import NativeCodeGenerator
from jinja2.parser import Parser
from jinja2.runtime import Context
from jinja2.runtime import Macro as RuntimeMacro
from jinja2.sandbox import SandboxedEnvironment
from jinja2.utils import missing

from upriver.jinja.errors import MACRO_PREFIX, CompilationError, Origin, located
from upriver.jinja.relation import Relation
from upriver.jinja.world import World
from upriver.resources.macro import Macro

Remember = Callable[[str, Callable[[], Any]], Any]
"""The shape of `World.remember`."""


class LocatedTemplate(Template):
    """A compiled template that knows where its text came from."""

    origin: Origin


class PermissiveUndefined(Undefined):
    """An unknown name in the body of a node being parsed: calls and attributes work (JINJA-6)."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "name":
            raise AttributeError(name)
        return self

    def __getitem__(self, key: object) -> Any:
        return self

    def __call__(self, *_args: object, **_kwargs: object) -> Any:
        """Give another empty object: calls of an unknown name succeed."""
        return self


def text_template(
    text: str, remember: Remember, *, origin: Origin, is_capturing: bool = False
) -> LocatedTemplate:
    """Compile a text of SQL or a macro body; raises a located CompilationError.

    `remember` is `World.remember`. `is_capturing` chooses the permissive rule about unknown names.
    """
    environment = _environment(is_capturing=is_capturing)
    code = remember(f"jinja-code:{text}", lambda: _compile(environment, text, origin))
    return _from_code(environment, code, origin)


def macro_template(macro: Macro, world: World) -> LocatedTemplate:
    """Return the compiled template of a macro block, made once per process."""
    key = (
        f"jinja-macro:{macro.unique_id}:{macro.original_file_path}:{macro.line}:{macro.macro_sql}"
    )
    made = world.remember(key, lambda: text_template(
        macro.macro_sql, world.remember, origin=macro_origin(macro)
    ))  # fmt: skip
    assert isinstance(made, LocatedTemplate)  # noqa: S101 - remember is untyped
    return made


def macro_origin(macro: Macro) -> Origin:
    """Return the place a macro's own text came from."""
    return Origin(
        file=macro.original_file_path,
        line=macro.line,
        unique_id=macro.unique_id,
        name=macro.name,
    )


def bind_macro(
    template: LocatedTemplate, macro_name: str, names: Mapping[str, Any]
) -> Callable[..., Any]:
    """Return the macro of a template as a callable whose free names are taken from `names`.

    Names are looked up when the macro is bound, as in dbt (JINJA-4): a context that differs later
    needs another binding. The callable raises MacroReturn for `return()`.
    """
    context = template.new_context(names, shared=True)  # type: ignore[arg-type] # any mapping
    for _ in template.root_render_func(context):
        pass
    bound: Callable[..., Any] = context.vars[MACRO_PREFIX + macro_name]
    return bound


def render_template(template: LocatedTemplate, names: Mapping[str, Any]) -> str:
    """Render a template with names looked up in `names` as they are needed.

    Exceptions are not translated; the caller passes them to `errors.located`.
    """
    context = template.new_context(names, shared=True)  # type: ignore[arg-type] # any mapping
    return "".join(template.root_render_func(context))


def native_values(
    text: str, names: Mapping[str, Any], remember: Remember, *, origin: Origin
) -> list[Any]:
    """Render a text of YAML and return the value of every piece of it (JINJA-14).

    Adjacent constant pieces are one. An undefined value becomes an empty text.
    """
    environment = _native_environment()
    code = remember(f"jinja-native:{text}", lambda: _compile(environment, text, origin))
    template = _from_code(environment, code, origin)
    context = template.new_context(names, shared=True)  # type: ignore[arg-type] # any mapping
    values: list[Any] = list(template.root_render_func(context))
    return ["" if isinstance(value, Undefined) else value for value in values]


def check_syntax(text: str, origin: Origin) -> None:
    """Parse a text without compiling it; raises a located CompilationError."""
    try:
        _environment(is_capturing=False).parse(text)
    except TemplateSyntaxError as error:
        raise located(error, origin) from None


def first_call_keywords(text: str, name: str) -> dict[str, str]:
    """Return the keyword arguments of the first call of a name, as Jinja shows syntax."""
    try:
        tree = _environment(is_capturing=False).parse(text)
    except TemplateSyntaxError:
        return {}
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == name:
            return {keyword.key: repr(keyword) for keyword in call.kwargs}
    return {}


class NamesContext(Context):
    """Looks names up in the mapping it was given, without copying it, then in Jinja's globals."""

    def resolve_or_missing(self, key: str) -> Any:
        """Find a name: set by the template, given to it, or Jinja's own."""
        if key in self.vars:
            return self.vars[key]
        if key in self.parent:
            return self.parent[key]
        return self.environment.globals.get(key, missing)


class DbtParser(Parser):
    """Jinja's parser with prefixed macro names and typed arguments."""

    def parse_macro(self) -> nodes.Macro:
        """Parse a macro and store it under its prefixed name."""
        node = super().parse_macro()
        node.name = MACRO_PREFIX + node.name
        return node

    def parse_signature(self, node: Any) -> None:
        """Parse arguments, with optional types that are read and dropped (JINJA-5)."""
        node.args = []
        node.defaults = []
        self.stream.expect("lparen")
        while self.stream.current.type != "rparen":
            if node.args:
                self.stream.expect("comma")
            argument = self.parse_assign_target(name_only=True)
            argument.set_ctx("param")
            if self.stream.skip_if("colon"):
                self._skip_type()
            if self.stream.skip_if("assign"):
                node.defaults.append(self.parse_expression())
            elif node.defaults:
                self.fail("non-default argument follows default argument")
            node.args.append(argument)
        self.stream.expect("rparen")

    def _skip_type(self) -> None:
        self.stream.expect("name")
        if not self.stream.skip_if("lbracket"):
            return
        self._skip_type()
        while self.stream.skip_if("comma"):
            self._skip_type()
        self.stream.expect("rbracket")


_OWN = ("upriver.jinja.", "upriver.run.")
"""Rooms whose objects templates see. None of them takes a context as its first argument."""
_FOREIGN = (str, Undefined, Context)


class DbtMacro(RuntimeMacro):
    """Jinja's macro without what only escaping and rendering in coroutines need."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the macro; the order of what it is given is that of Jinja's own."""
        count = self._argument_count
        is_plain = not (kwargs or self.caller or self.catch_kwargs or self.catch_varargs)
        if is_plain and len(args) == count:
            return self._func(*args)
        return self._func(*self._arguments(args, kwargs))

    def _arguments(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
        count = self._argument_count
        arguments = list(args[:count])
        has_caller = self.explicit_caller
        if len(arguments) != count:
            left = self.arguments[len(arguments) :]
            has_caller = "caller" in left
            arguments += [kwargs.pop(name, missing) for name in left]
        if self.caller and not has_caller:
            given = kwargs.pop("caller", None)
            if given is None:
                given = self._environment.undefined("No caller defined", name="caller")
            arguments.append(given)
        if self.catch_kwargs:
            arguments.append(kwargs)
        elif kwargs:
            self._refuse(kwargs)
        if self.catch_varargs:
            arguments.append(args[count:])
        elif len(args) > count:
            raise TypeError(f"macro {self.name!r} takes not more than {count} argument(s)")
        return arguments

    def _refuse(self, kwargs: Mapping[str, Any]) -> NoReturn:
        if "caller" in kwargs:
            raise TypeError(
                f"macro {self.name!r} was invoked with two values for the special"
                " caller argument. This is most likely a bug."
            )
        raise TypeError(f"macro {self.name!r} takes no keyword argument {next(iter(kwargs))!r}")


class DbtEnvironment(SandboxedEnvironment):
    """The sandbox with dbt's parser, contexts and templates.

    What the sandbox asks of every call and attribute is known of our own objects: none is unsafe,
    none takes a context, and names that begin with an underscore stay forbidden. Asking would take
    half of the time in which a materialization is rendered.
    """

    context_class = NamesContext
    template_class = LocatedTemplate

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._own: dict[object, bool] = {}
        """By class, and by module for functions."""

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call an object from a template."""
        owner: Any = type(obj)
        if owner is MethodType:
            owner = type(obj.__self__)
        elif owner is FunctionType:
            owner = obj.__module__
        is_own = self._own.get(owner)
        if is_own is None:
            is_own = self._own[owner] = _is_own(owner)
        if not is_own:
            return super().call(context, obj, *args, **kwargs)
        if kwargs:
            kwargs.pop("_loop_vars", None)
            kwargs.pop("_block_vars", None)
        try:
            return obj(*args, **kwargs)
        except StopIteration:
            return super().call(context, _stop)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Get an attribute from a template."""
        owner = type(obj)
        is_own = self._own.get(owner)
        if is_own is None:
            is_own = self._own[owner] = _is_own(owner)
        if is_own and attribute[0] != "_":
            try:
                return getattr(obj, attribute)
            except AttributeError:
                pass
        return super().getattr(obj, attribute)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        return DbtParser(self, source, name, filename).parse()


class MaterializationBlock(Extension):
    """`{% materialization name, adapter='x', supported_languages=[..] %}` (JINJA-171)."""

    tags = {"materialization"}

    def parse(self, parser: Parser) -> nodes.Node:
        """Read the block as a macro `materialization_<name>_<adapter or default>`."""
        node = nodes.Macro(lineno=next(parser.stream).lineno)
        name = parser.parse_assign_target(name_only=True).name
        adapter = "default"
        while parser.stream.skip_if("comma"):
            option = parser.stream.expect("name")
            if option.value == "default":
                continue
            parser.stream.expect("assign")
            value = parser.parse_expression()
            if option.value == "adapter" and isinstance(value, nodes.Const):
                adapter = str(value.value)
            elif option.value not in {"adapter", "supported_languages"}:
                parser.fail(f"unknown materialization option '{option.value}'", option.lineno)
        node.name = f"{MACRO_PREFIX}materialization_{name}_{adapter}"
        node.args, node.defaults = [], []
        node.body = parser.parse_statements(("name:endmaterialization",), drop_needle=True)
        return node


class TestBlock(Extension):
    """`{% test name(model, ...) %}` and `{% data_test ... %}`."""

    tags = {"test", "data_test"}

    def parse(self, parser: Parser) -> nodes.Node:
        """Read the block as a macro `test_<name>`."""
        tag = next(parser.stream)
        node = nodes.Macro(lineno=tag.lineno)
        name = parser.parse_assign_target(name_only=True).name
        parser.parse_signature(node)
        node.name = f"{MACRO_PREFIX}test_{name}"
        node.body = parser.parse_statements((f"name:end{tag.value}",), drop_needle=True)
        return node


class NamedBlock(Extension):
    """`{% snapshot name %}` and `{% docs name %}` inside other text: defined, never rendered."""

    tags = {"snapshot", "docs"}

    def parse(self, parser: Parser) -> nodes.Node:
        """Read the block as a macro without arguments."""
        tag = next(parser.stream)
        node = nodes.Macro(lineno=tag.lineno)
        name = parser.parse_assign_target(name_only=True).name
        node.name = f"{MACRO_PREFIX}{tag.value}_{name}"
        node.args, node.defaults = [], []
        node.body = parser.parse_statements((f"name:end{tag.value}",), drop_needle=True)
        return node


EXTENSIONS = (do, loopcontrols, MaterializationBlock, TestBlock, NamedBlock)


class NativeEnvironment(DbtEnvironment):
    """The same language, whose templates give values instead of text."""

    code_generator_class = NativeCodeGenerator


def _compile(environment: DbtEnvironment, text: str, origin: Origin) -> CodeType:
    try:
        code = environment.compile(text)
    except TemplateSyntaxError as error:
        raise located(error, origin) from None
    assert isinstance(code, CodeType)  # noqa: S101 - the other type is for raw=True
    return code


def _from_code(environment: DbtEnvironment, code: CodeType, origin: Origin) -> LocatedTemplate:
    template = LocatedTemplate.from_code(environment, code, environment.globals)
    assert isinstance(template, LocatedTemplate)  # noqa: S101 - from_code is typed too widely
    template.origin = origin
    # The generated code finds its classes among the globals of its functions.
    template.root_render_func.__globals__["Macro"] = DbtMacro
    return template


@functools.cache
def _environment(*, is_capturing: bool) -> DbtEnvironment:
    """Return one of the two environments of SQL; made once and never changed."""
    environment = DbtEnvironment(
        extensions=EXTENSIONS,
        undefined=PermissiveUndefined if is_capturing else Undefined,
        cache_size=0,
        auto_reload=False,
    )
    environment.filters.update(
        is_list=_is_list, as_text=_same, as_bool=_same, as_native=_same, as_number=_same
    )
    environment.tests["mapping"] = _is_mapping
    return environment


@functools.cache
def _native_environment() -> NativeEnvironment:
    """Return the environment of YAML; made once and never changed."""
    environment = NativeEnvironment(extensions=EXTENSIONS, cache_size=0, auto_reload=False)
    environment.filters.update(
        is_list=_is_list,
        as_text=str,
        as_native=_marking(Marked),
        as_bool=_marking(MarkedBool),
        as_number=_marking(MarkedNumber),
    )
    return environment


def _is_own(owner: object) -> bool:
    """Whether objects of a class, or functions of a module, need no looking at."""
    if not isinstance(owner, type):
        return str(owner).startswith(_OWN)
    return owner.__module__.startswith(_OWN) and not issubclass(owner, _FOREIGN)


def _stop() -> NoReturn:
    raise StopIteration


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _is_mapping(value: object) -> bool:
    """Say yes to relations too: packages tell them by it (JINJA-123), whatever they refuse."""
    return isinstance(value, Mapping | Relation)


def _same(value: Any) -> Any:
    return value


# The filters of conversion give text, as dbt's do, and what a whole string of YAML comes to is
# converted at its end. Hence `'False'` counts as true where an expression goes on:
# `(a | as_bool) and b` is `b`.
class Marked(str):
    """What `as_native` gives."""

    __slots__ = ()

    def value(self) -> Any:
        """Return what the text says, or the text."""
        try:
            return ast.literal_eval(self)
        except (ValueError, SyntaxError, MemoryError):
            return str(self)


class MarkedBool(Marked):
    """What `as_bool` gives."""

    __slots__ = ()

    def value(self) -> bool:
        """Return true or false; anything else is a mistake."""
        made = super().value()
        if not isinstance(made, bool):
            raise CompilationError(f"Could not convert value `{self}` into type `bool`")
        return made


class MarkedNumber(Marked):
    """What `as_number` gives."""

    __slots__ = ()

    def value(self) -> int | float:
        """Return a number; anything else is a mistake."""
        made = super().value()
        if isinstance(made, bool) or not isinstance(made, int | float):
            raise CompilationError(f"Could not convert value `{self}` into type `number`")
        return made


def _marking(kind: type[Marked]) -> Callable[[Context, Any], Marked]:
    # A filter that takes the context is never evaluated while compiling: Jinja turns constants
    # into text there, which would undo the conversion.
    return pass_context(lambda _context, value: kind(value))
