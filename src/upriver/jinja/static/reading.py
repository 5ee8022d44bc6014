"""Carrying out a template that was read by `static/syntax.py`.

Statements and expressions; what they ask for is noted by `static/record.py`. `execute` is false
(JINJA-49), which decides most conditions of real models, and `is_incremental()` is false with it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from upriver.jinja.static.record import STATEMENT, Asks, Record
from upriver.jinja.static.syntax import Expression, Keyword, Statement, read_template
from upriver.jinja.static.tokens import Unreadable
from upriver.jinja.static.values import (
    ADAPTER_CALLS,
    BINARY,
    COMPARE,
    FILTERS,
    KNOWN_FILTERS,
    KNOWN_TESTS,
    MAX_STEPS,
    OPAQUE,
    OPAQUE_CALLS,
    TESTS,
    UNKNOWN,
    Loop,
    make_loop,
    text_of,
    tried,
)  # fmt: skip
from upriver.resources.calls import Facts

Scope = dict[str, Any]


def read_facts(body: list[Statement], asks: Asks) -> Facts:
    """Carry a template out; raises Unreadable."""
    reading = _Reading(asks)
    reading.run(body, {})
    return reading.record.facts()


class _Reading:
    """One template being carried out."""

    def __init__(self, asks: Asks) -> None:
        self.asks = asks
        self.record = Record(asks)
        self.steps = 0

    # Statements

    def run(self, body: list[Statement], scope: Scope) -> None:
        """Carry statements out."""
        for statement in body:
            self.steps += 1
            if self.steps > MAX_STEPS:
                raise Unreadable("steps")
            _STATEMENTS[statement[0]](self, statement, scope)

    def out(self, statement: Statement, scope: Scope) -> None:
        """Print or `do` an expression."""
        self.value(statement[1], scope)

    def set_names(self, statement: Statement, scope: Scope) -> None:
        """Assign; in an uncertain place the names may hold anything afterwards."""
        _, targets, expression = statement
        value = self.value(expression, scope)
        if not targets:
            self.record.escape(value)
        elif len(targets) == 1:
            scope[targets[0]] = UNKNOWN if self.record.uncertain else value
        else:
            self.unpack(targets, value, scope)

    def unpack(self, targets: list[str], value: Any, scope: Scope) -> None:
        """Assign the items of a value to several names."""
        if value is UNKNOWN or self.record.uncertain:
            scope.update(dict.fromkeys(targets, UNKNOWN))
            return
        if not isinstance(value, list | tuple) or len(value) != len(targets):
            raise Unreadable("unpack")
        scope.update(zip(targets, value, strict=True))

    def set_block(self, statement: Statement, scope: Scope) -> None:
        """Assign rendered text, which is not followed."""
        self.run(statement[2], dict(scope))
        scope[statement[1]] = UNKNOWN

    def nested(self, statement: Statement, scope: Scope) -> None:
        """Carry out a body with names of its own."""
        self.run(statement[1], dict(scope))

    def branch(self, statement: Statement, scope: Scope) -> None:
        """Take the branch whose condition holds; visit all that may be taken."""
        _, branches, otherwise = statement
        doubts = self.record.uncertain
        for test, body in branches:
            is_true = self.truth(test, scope)
            if is_true is False:
                continue
            if is_true is None:
                self.record.uncertain += 1
            self.run(body, scope)
            if is_true:
                break
        else:
            self.run(otherwise, scope)
        self.record.uncertain = doubts

    def loop(self, statement: Statement, scope: Scope) -> None:
        """Repeat the body for known items, or visit it once for unknown ones."""
        over = self.value(statement[2], scope)
        if over is UNKNOWN:
            self.visit_loop(statement, scope)
            return
        if not isinstance(over, list | tuple | dict | str | range):
            raise Unreadable("for")
        _, targets, _, test, body, otherwise = statement
        record = self.record
        doubts, is_entered = record.uncertain, False
        items = list(over)
        for index, item in enumerate(items):
            inner = dict(scope)
            self.bind(targets, record.seen(item), inner)
            inner["loop"] = UNKNOWN if test else make_loop(index, len(items))
            passes = self.truth(test, inner) if test else True
            if passes is False:
                continue
            record.uncertain = doubts + (passes is None)
            self.run(body, inner)
            is_entered = is_entered or passes is True
        # Jinja would go on over what the body adds.
        if list(over) != items or id(over) in record.changed or record.is_any_changed:
            raise Unreadable("for")
        record.uncertain = doubts + (bool(items) and bool(test))
        if not is_entered:
            self.run(otherwise, dict(scope))
        record.uncertain = doubts

    def visit_loop(self, statement: Statement, scope: Scope) -> None:
        """Visit a loop that may run any number of times."""
        record = self.record
        record.uncertain += 1
        changed = len(record.changed)
        self.visit_round(statement, scope)
        if len(record.changed) > changed:
            # What one round changes, the next may read.
            record.is_any_changed = True
            self.visit_round(statement, scope)
        self.run(statement[5], dict(scope))
        record.uncertain -= 1

    def visit_round(self, statement: Statement, scope: Scope) -> None:
        """Visit a loop's body for an unknown item."""
        _, targets, _, test, body, _ = statement
        inner = dict(scope)
        inner.update(dict.fromkeys([*targets, "loop"], UNKNOWN))
        if test:
            self.value(test, inner)
        self.run(body, inner)

    def bind(self, targets: list[str], item: Any, scope: Scope) -> None:
        """Give an item of a loop its name or names."""
        if len(targets) == 1:
            scope[targets[0]] = item
        elif item is UNKNOWN:
            scope.update(dict.fromkeys(targets, UNKNOWN))
        elif isinstance(item, list | tuple) and len(item) == len(targets):
            scope.update(zip(targets, item, strict=True))
        else:
            raise Unreadable("for")

    def call_block(self, statement: Statement, scope: Scope) -> None:
        """Call a macro with a body, which it may or may not render."""
        _, call, body = statement
        function = call[1]
        name = _dotted(function)
        if name is None or name.partition(".")[0] in scope:
            raise Unreadable("call")
        if self.call_macro(name, call, scope) is STATEMENT:
            return
        self.record.uncertain += 1
        self.run(body, dict(scope))
        self.record.uncertain -= 1

    # Expressions

    def value(self, expression: Expression, scope: Scope) -> Any:
        """Evaluate an expression."""
        return _EXPRESSIONS[expression[0]](self, expression, scope)

    def truth(self, expression: Expression, scope: Scope) -> bool | None:
        """Evaluate a condition; None when it cannot be known."""
        value = self.value(expression, scope)
        return None if value is UNKNOWN else bool(value)

    def values(self, expressions: list[Expression], scope: Scope) -> list[Any]:
        """Evaluate several expressions in order."""
        return [self.value(expression, scope) for expression in expressions]

    def maybe(self, expression: Expression, scope: Scope) -> None:
        """Evaluate an expression that may not be reached."""
        self.record.uncertain += 1
        self.value(expression, scope)
        self.record.uncertain -= 1

    def constant(self, expression: Expression, _scope: Scope) -> Any:
        """Return a constant."""
        return expression[1]

    def name(self, expression: Expression, scope: Scope) -> Any:
        """Look a name up: the template's own, then dbt's."""
        name: str = expression[1]
        if name in scope:
            return self.record.seen(scope[name])
        if name == "execute":
            self.record.require_plain(name)
            return False
        if name == "target":
            self.record.require_plain(name)
            return dict(self.asks.target())
        if name in OPAQUE:
            self.record.require_plain(name)
            return UNKNOWN
        raise Unreadable(name)

    def attribute(self, expression: Expression, scope: Scope) -> Any:
        """Read `.name`."""
        value, name = self.value(expression[1], scope), expression[2]
        if value is UNKNOWN:
            return UNKNOWN
        if isinstance(value, Loop):
            return value.get(name, UNKNOWN)
        if isinstance(value, dict) and name in value and not hasattr(dict, name):
            return self.record.seen(value[name])
        raise Unreadable(name)

    def item(self, expression: Expression, scope: Scope) -> Any:
        """Read `[key]`."""
        value = self.value(expression[1], scope)
        key = self.value(expression[2], scope)
        if value is UNKNOWN or key is UNKNOWN:
            return UNKNOWN
        return self.record.seen(tried(lambda: value[key]))

    def sequence(self, expression: Expression, scope: Scope) -> Any:
        """Make a list or tuple."""
        items = self.values(expression[1], scope)
        return items if expression[0] == "list" else tuple(items)

    def mapping(self, expression: Expression, scope: Scope) -> Any:
        """Make a mapping; one with an unknown key is unknown."""
        pairs = [(self.value(k, scope), self.value(v, scope)) for k, v in expression[1]]
        if any(key is UNKNOWN for key, _ in pairs):
            self.record.escape([value for _, value in pairs])
            return UNKNOWN
        return tried(lambda: dict(pairs))

    def negation(self, expression: Expression, scope: Scope) -> Any:
        """Evaluate `not a`."""
        value = self.value(expression[1], scope)
        return UNKNOWN if value is UNKNOWN else not value

    def junction(self, expression: Expression, scope: Scope) -> Any:
        """Evaluate `a and b`, `a or b`, which may stop at `a`."""
        kind, first, second = expression
        left = self.value(first, scope)
        if left is UNKNOWN:
            self.maybe(second, scope)
            return UNKNOWN
        return left if bool(left) == (kind == "or") else self.value(second, scope)

    def choice(self, expression: Expression, scope: Scope) -> Any:
        """Evaluate `a if test else b`."""
        _, test, then, otherwise = expression
        is_true = self.truth(test, scope)
        if is_true is None:
            self.maybe(then, scope)
            self.maybe(otherwise, scope)
            return UNKNOWN
        return self.value(then if is_true else otherwise, scope)

    def comparison(self, expression: Expression, scope: Scope) -> Any:
        """Evaluate one comparison; chains, which may stop early, are not followed."""
        _, first, rest = expression
        if len(rest) > 1:
            raise Unreadable("compare")
        operator, second = rest[0]
        left, right = self.value(first, scope), self.value(second, scope)
        if not (self.record.is_known(left) and self.record.is_known(right)):
            return UNKNOWN
        return tried(lambda: COMPARE[operator](left, right))

    def binary(self, expression: Expression, scope: Scope) -> Any:
        """Evaluate arithmetic and `~`."""
        _, operator, first, second = expression
        left, right = self.value(first, scope), self.value(second, scope)
        compute = BINARY.get(operator)
        if compute is None or not (self.record.is_known(left) and self.record.is_known(right)):
            return UNKNOWN
        return tried(lambda: compute(left, right))

    def negative(self, expression: Expression, scope: Scope) -> Any:
        """Evaluate `-a`."""
        value = self.value(expression[1], scope)
        return UNKNOWN if value is UNKNOWN else tried(lambda: -value)

    def opaque(self, expression: Expression, scope: Scope) -> Any:
        """Evaluate the parts of what is not followed."""
        for part in expression[1]:
            self.value(part, scope)
        return UNKNOWN

    def filter(self, expression: Expression, scope: Scope) -> Any:
        """Apply a filter; few are carried out."""
        _, of, name, _, _ = expression
        if name not in FILTERS:
            raise Unreadable(name)
        value = self.value(of, scope)
        given, keywords = self.arguments(expression, scope)
        if keywords or not self.record.is_known([value, given]):
            return UNKNOWN
        if name in {"default", "d"}:
            return value if len(given) <= 1 else UNKNOWN
        if name == "replace" and len(given) == 2:  # noqa: PLR2004 - old, new
            return tried(lambda: str(value).replace(str(given[0]), str(given[1])))
        if name == "join" and len(given) <= 1:
            mark = str(given[0]) if given else ""
            return tried(lambda: mark.join(str(item) for item in value))
        compute = KNOWN_FILTERS.get(name)
        if compute is None or given:
            return UNKNOWN
        return tried(lambda: compute(value))

    def test(self, expression: Expression, scope: Scope) -> Any:
        """Apply a test; few are carried out."""
        _, of, name, args, is_negated = expression
        if name not in TESTS:
            raise Unreadable(name)
        value = self.value(of, scope)
        self.values(args, scope)
        compute = KNOWN_TESTS.get(name)
        if value is UNKNOWN or compute is None or args:
            return UNKNOWN
        return compute(value) != is_negated

    # Calls

    def call(self, expression: Expression, scope: Scope) -> Any:
        """Call one of dbt's functions, a macro or a method."""
        function = expression[1]
        kind = function[0]
        if kind == "name" and function[1] not in scope:
            return self.call_name(function[1], expression, scope)
        if kind == "attr":
            owner, method = function[1], function[2]
            if owner[0] == "name" and owner[1] not in scope:
                return self.call_member(owner[1], method, expression, scope)
            value = self.value(owner, scope)
            given, keywords = self.arguments(expression, scope)
            return self.record.call_method(value, method, given, keywords)
        raise Unreadable("call")

    def call_name(self, name: str, call: Expression, scope: Scope) -> Any:
        """Call an unqualified name."""
        record = self.record
        if name not in _CALLS and name not in OPAQUE_CALLS:
            return self.call_macro(name, call, scope)
        record.require_plain(name)
        given, keywords = self.arguments(call, scope)
        if name in OPAQUE_CALLS:
            record.escape_all(given, keywords)
            return UNKNOWN
        answer = _CALLS[name](record, given, keywords)
        return self.rendered_again(answer) if name == "var" else answer

    def rendered_again(self, value: Any) -> Any:
        """Carry out the text of a var, which is rendered once more (PROJ-254)."""
        if not isinstance(value, str) or not ("{" in value or value.endswith(("\n", "\r"))):
            return value
        # It sees no name that the template assigned.
        self.run(read_template(value), {})
        return UNKNOWN

    def call_member(self, owner: str, method: str, call: Expression, scope: Scope) -> Any:
        """Call `owner.method(..)` where the owner is one of dbt's names or a package."""
        if owner in OPAQUE or owner == "target":
            value = self.value(("name", owner), scope)
            given, keywords = self.arguments(call, scope)
            return self.record.call_method(value, method, given, keywords)
        if owner not in {"config", "var", "adapter"}:
            return self.call_macro(f"{owner}.{method}", call, scope)
        self.record.require_plain(owner)
        given, _ = self.arguments(call, scope)
        if owner == "adapter" and method in ADAPTER_CALLS:
            answer = ADAPTER_CALLS[method]
            return [] if answer == () else answer
        if owner == "config" and method in {"get", "require", "meta_get", "meta_require"}:
            return ""
        if owner == "config" and method in {"persist_relation_docs", "persist_column_docs"}:
            return False
        if owner == "var" and method == "has_var" and len(given) == 1:
            return self.asks.var(text_of(given[0])).is_found
        raise Unreadable(method)

    def call_macro(self, name: str, call: Expression, scope: Scope) -> Any:
        """Call a macro that records nothing itself."""
        given, keywords = self.arguments(call, scope)
        return self.record.call_macro(name, given, keywords)

    def arguments(self, call: Expression, scope: Scope) -> tuple[list[Any], dict[str, Any]]:
        """Evaluate a call's or filter's arguments in order."""
        args: list[Expression] = call[-2]
        keywords: list[Keyword] = call[-1]
        given = [self.value(expression, scope) for expression in args]
        if not keywords:
            return given, {}
        named = {key: self.value(expression, scope) for key, expression in keywords}
        if len(named) != len(keywords):
            raise Unreadable("keywords")
        return given, named


def _dotted(function: Expression) -> str | None:
    """Return `name` or `package.name` of a called expression."""
    if function[0] == "name":
        return str(function[1])
    if function[0] == "attr" and function[1][0] == "name":
        return f"{function[1][1]}.{function[2]}"
    return None


_CALLS: dict[str, Callable[[Record, list[Any], dict[str, Any]], Any]] = {
    "config": Record.config,
    "ref": Record.ref,
    "source": Record.source,
    "metric": Record.metric,
    "function": Record.function,
    "var": Record.var,
    "env_var": Record.env_var,
    "range": Record.range,
}

_STATEMENTS: dict[str, Callable[[_Reading, Statement, Scope], None]] = {
    "out": _Reading.out,
    "set": _Reading.set_names,
    "set_block": _Reading.set_block,
    "scope": _Reading.nested,
    "if": _Reading.branch,
    "for": _Reading.loop,
    "call_block": _Reading.call_block,
}

_EXPRESSIONS: dict[str, Callable[[_Reading, Expression, Scope], Any]] = {
    "const": _Reading.constant,
    "name": _Reading.name,
    "attr": _Reading.attribute,
    "item": _Reading.item,
    "list": _Reading.sequence,
    "tuple": _Reading.sequence,
    "dict": _Reading.mapping,
    "not": _Reading.negation,
    "and": _Reading.junction,
    "or": _Reading.junction,
    "choice": _Reading.choice,
    "compare": _Reading.comparison,
    "binary": _Reading.binary,
    "negative": _Reading.negative,
    "opaque": _Reading.opaque,
    "filter": _Reading.filter,
    "test": _Reading.test,
    "call": _Reading.call,
}
