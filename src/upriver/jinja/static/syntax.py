"""A small reader of Jinja's grammar, for templates that need no rendering.

It reads what models are made of: output, `set`, `if`, `for`, `do`, `call`, `filter`, and the whole
expression language, into nested tuples. Anything else (macro definitions, `with`, unpacking in
calls) raises `Unreadable`, and so does broken syntax: whoever asked then lets Jinja decide. The
tree is made of tuples because several thousand templates are read at a cold start::

    expression   ("const", value) ("name", name) ("attr", of, name) ("item", of, key)
                 ("call", function, args, keywords) ("filter", of, name, args, keywords)
                 ("test", of, name, args, is_negated) ("list", items) ("tuple", items)
                 ("dict", pairs) ("not", of) ("and", left, right) ("or", left, right)
                 ("choice", test, then, otherwise) ("compare", left, rest) ("binary", op, l, r)
                 ("negative", of) ("opaque", parts)
    keyword      (name, expression)
    statement    ("out", expression) ("set", targets, expression) ("set_block", name, body)
                 ("if", branches, otherwise) ("for", targets, over, test, body, otherwise)
                 ("call_block", call, body) ("scope", body)
"""

from __future__ import annotations

import functools
from typing import Any

from upriver.jinja.static.tokens import (
    END,
    INNER,
    NAME,
    NUMBER,
    OPEN,
    OPERATOR,
    OUTER,
    STRING_TOKEN,
    Unreadable,
    number_value,
    string_value,
)  # fmt: skip

Expression = tuple[Any, ...]
Keyword = tuple[str, Expression]
Statement = tuple[Any, ...]


_CONSTANTS = {
    "true": True, "True": True, "false": False, "False": False, "none": None, "None": None,
}  # fmt: skip
_COMPARISONS = frozenset({"==", "!=", "<", ">", "<=", ">="})
_OPERANDS = frozenset({NAME, NUMBER, STRING_TOKEN})
_CLOSING = frozenset({",", ")", "]", "}", ":", "="})
"""Operators that end an expression."""
_NO_OPERAND = frozenset({"else", "or", "and", "is", "if", "in", "not"})


def read_template(text: str) -> list[Statement]:
    """Read a whole template; raises Unreadable."""
    reader = _Reader(text)
    body, stop = reader.body(frozenset())
    if stop is not None:
        raise Unreadable(stop)
    return body


@functools.lru_cache(maxsize=4096)
def _output(tag: str) -> Expression | None:
    """Read the rest of a tag that prints an expression; None if it does not end with the text.

    Kept, since models repeat such tags, and reading one is most of what reading a template costs.
    """
    reader = _Reader(tag)
    try:
        reader.advance()
        made = reader.expression()
        reader.end("}}")
    except Unreadable:
        return None
    return made if reader.position == len(tag) else None


class _Reader:
    """Reads tags one after the other; within a tag always one token ahead."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.depth = 0
        self.kind = END
        self.value: str = ""

    # Tokens

    def advance(self) -> str:
        """Return the token ahead and move to the next one."""
        gone = self.value
        match = (INNER if self.depth else OUTER).match(self.text, self.position)
        if match is None:
            raise Unreadable(self.text[self.position : self.position + 20])
        self.kind = kind = match.lastindex or END
        self.value = value = match[kind]
        self.position = match.end()
        if kind == OPERATOR:
            if value in "([{":
                self.depth += 1
            elif value in ")]}":
                self.depth -= 1
        return gone

    def skip(self, operator: str) -> bool:
        if self.kind == OPERATOR and self.value == operator:
            self.advance()
            return True
        return False

    def skip_word(self, word: str) -> bool:
        if self.kind == NAME and self.value == word:
            self.advance()
            return True
        return False

    def expect(self, operator: str) -> None:
        if not self.skip(operator):
            raise Unreadable(self.value)

    def name(self) -> str:
        if self.kind != NAME:
            raise Unreadable(self.value)
        return self.advance()

    def end(self, mark: str) -> None:
        """Check that the tag ends here; the next token is not read, since text follows."""
        if self.kind != END or not self.value.endswith(mark):
            raise Unreadable(self.value)

    # Statements

    def body(self, stops: frozenset[str]) -> tuple[list[Statement], str | None]:
        """Read statements up to a tag in `stops`, which is left open behind its name."""
        found: list[Statement] = []
        while True:
            match = OPEN.search(self.text, self.position)
            if match is None:
                return found, None
            self.position, self.depth = match.end(), 0
            mark = match[1]
            if mark is None:
                continue
            if mark == "{":
                end = self.text.find("}}", self.position) + 2
                made = _output(self.text[self.position : end])
                if made is not None:
                    found.append(("out", made))
                    self.position = end
                    continue
            if mark == "#":
                raise Unreadable("{#")
            self.advance()
            if mark == "{":
                found.append(("out", self.expression()))
                self.end("}}")
                continue
            tag = self.name()
            if tag in stops:
                return found, tag
            found.append(self.statement(tag))

    def inner(self, *stops: str) -> tuple[list[Statement], str]:
        body, stop = self.body(frozenset(stops))
        if stop is None:
            raise Unreadable(stops[0])
        return body, stop

    def closed(self, stop: str) -> list[Statement]:
        body, _ = self.inner(stop)
        self.end("%}")
        return body

    def statement(self, tag: str) -> Statement:
        if tag == "set":
            return self.set_statement()
        if tag == "if":
            return self.if_statement()
        if tag == "for":
            return self.for_statement()
        if tag == "do":
            expression = self.expression()
            self.end("%}")
            return ("out", expression)
        if tag == "call":
            return self.call_statement()
        if tag == "filter":
            # The filter itself sees only text, which is not followed.
            while self.kind != END:
                self.advance()
            self.end("%}")
            return ("scope", self.closed("endfilter"))
        raise Unreadable(tag)

    def set_statement(self) -> Statement:
        targets = [self.name()]
        if self.skip("."):
            self.name()
            targets = []
        while targets and self.skip(","):
            targets.append(self.name())
        if self.skip("="):
            expression = self.expression()
            if self.kind == OPERATOR and self.value == ",":
                items = [expression]
                while self.skip(","):
                    items.append(self.expression())
                expression = ("tuple", items)
            self.end("%}")
            return ("set", targets, expression)
        self.end("%}")
        if len(targets) != 1:
            raise Unreadable("set")
        return ("set_block", targets[0], self.closed("endset"))

    def if_statement(self) -> Statement:
        branches: list[tuple[Expression, list[Statement]]] = []
        while True:
            # Jinja takes no `a if b` for a condition.
            test = self.disjunction()
            self.end("%}")
            body, stop = self.inner("elif", "else", "endif")
            branches.append((test, body))
            if stop != "elif":
                break
        otherwise: list[Statement] = []
        if stop == "else":
            self.end("%}")
            otherwise, _ = self.inner("endif")
        self.end("%}")
        return ("if", branches, otherwise)

    def for_statement(self) -> Statement:
        brackets = self.skip("(")
        targets = [self.name()]
        while self.skip(","):
            targets.append(self.name())
        if brackets:
            self.expect(")")
        if not self.skip_word("in"):
            raise Unreadable("for")
        over = self.disjunction()
        test = self.expression() if self.skip_word("if") else None
        self.end("%}")
        body, stop = self.inner("else", "endfor")
        otherwise: list[Statement] = []
        if stop == "else":
            self.end("%}")
            otherwise, _ = self.inner("endfor")
        self.end("%}")
        return ("for", targets, over, test, body, otherwise)

    def call_statement(self) -> Statement:
        """Read `call macro(..)`; arguments of the caller are not followed."""
        if self.kind == OPERATOR and self.value == "(":
            raise Unreadable("call")
        call = self.expression()
        if call[0] != "call":
            raise Unreadable("call")
        self.end("%}")
        return ("call_block", call, self.closed("endcall"))

    # Expressions, loosest first

    # Most expressions are one operand, so that an operand is read first and handed down the levels
    # as `made`: asking every level for its operators costs ten times as much as reading it.

    def expression(self) -> Expression:
        made = None
        if self.kind in _OPERANDS and self.value != "not":
            made = self.attached(self.primary())
            if self.kind == END or (self.kind == OPERATOR and self.value in _CLOSING):
                return made
        made = self.disjunction(made)
        while self.skip_word("if"):
            test = self.disjunction()
            otherwise = self.expression() if self.skip_word("else") else ("opaque", ())
            made = ("choice", test, made, otherwise)
        return made

    def disjunction(self, made: Expression | None = None) -> Expression:
        made = self.conjunction(made)
        while self.skip_word("or"):
            made = ("or", made, self.conjunction())
        return made

    def conjunction(self, made: Expression | None = None) -> Expression:
        made = self.negation(made)
        while self.skip_word("and"):
            made = ("and", made, self.negation())
        return made

    def negation(self, made: Expression | None = None) -> Expression:
        if made is None and self.skip_word("not"):
            return ("not", self.negation())
        return self.comparison(made)

    def comparison(self, made: Expression | None) -> Expression:
        left = self.addition(made)
        rest: list[tuple[str, Expression]] = []
        while True:
            if self.kind == OPERATOR and self.value in _COMPARISONS:
                operator = self.advance()
                rest.append((operator, self.addition()))
            elif self.skip_word("in"):
                rest.append(("in", self.addition()))
            elif self.kind == NAME and self.value == "not":
                self.advance()
                if not self.skip_word("in"):
                    raise Unreadable("not")
                rest.append(("not in", self.addition()))
            else:
                return ("compare", left, rest) if rest else left

    def addition(self, made: Expression | None = None) -> Expression:
        made = self.concatenation(made)
        while self.kind == OPERATOR and self.value in {"+", "-"}:
            operator = self.advance()
            made = ("binary", operator, made, self.concatenation())
        return made

    def concatenation(self, made: Expression | None = None) -> Expression:
        made = self.multiplication(made)
        while self.skip("~"):
            made = ("binary", "~", made, self.multiplication())
        return made

    def multiplication(self, made: Expression | None = None) -> Expression:
        made = self.power(made)
        while self.kind == OPERATOR and self.value in {"*", "/", "//", "%"}:
            operator = self.advance()
            made = ("binary", operator, made, self.power())
        return made

    def power(self, made: Expression | None = None) -> Expression:
        made = self.unary(with_filter=True) if made is None else self.filtered(made)
        while self.skip("**"):
            made = ("binary", "**", made, self.unary(with_filter=True))
        return made

    def unary(self, *, with_filter: bool) -> Expression:
        if self.skip("-"):
            made: Expression = ("negative", self.unary(with_filter=False))
        elif self.skip("+"):
            made = self.unary(with_filter=False)
            if made[0] == "name":
                # Else `f(+a=1)` would be read as a keyword.
                made = ("opaque", (made,))
        else:
            made = self.primary()
        made = self.attached(made)
        return self.filtered(made) if with_filter else made

    def primary(self) -> Expression:
        if self.kind == NAME:
            name = self.advance()
            if name in _CONSTANTS:
                return ("const", _CONSTANTS[name])
            if name in _NO_OPERAND:
                raise Unreadable(name)
            return ("name", name)
        if self.kind == STRING_TOKEN:
            text = string_value(self.advance())
            while self.kind == STRING_TOKEN:
                text += string_value(self.advance())
            return ("const", text)
        if self.kind == NUMBER:
            return ("const", number_value(self.advance()))
        if self.skip("("):
            return self.bracketed()
        if self.skip("["):
            return ("list", self.items("]"))
        if self.skip("{"):
            return ("dict", self.pairs())
        raise Unreadable(self.value)

    def bracketed(self) -> Expression:
        """Read what follows `(`: a tuple or one expression."""
        if self.skip(")"):
            return ("tuple", [])
        first = self.expression()
        if self.skip(")"):
            return first
        self.expect(",")
        return ("tuple", [first, *self.items(")")])

    def items(self, closing: str) -> list[Expression]:
        found: list[Expression] = []
        while not self.skip(closing):
            found.append(self.expression())
            if not self.skip(","):
                self.expect(closing)
                break
        return found

    def pairs(self) -> list[tuple[Expression, Expression]]:
        found: list[tuple[Expression, Expression]] = []
        while not self.skip("}"):
            key = self.expression()
            self.expect(":")
            found.append((key, self.expression()))
            if not self.skip(","):
                self.expect("}")
                break
        return found

    def attached(self, made: Expression) -> Expression:
        while self.kind == OPERATOR:
            if self.skip("."):
                made = ("attr", made, self.name())
            elif self.skip("["):
                made = self.subscript(made)
            elif self.skip("("):
                args, keywords = self.arguments()
                made = ("call", made, args, keywords)
            else:
                break
        return made

    def subscript(self, made: Expression) -> Expression:
        """Read a key; a slice is not followed."""
        parts: list[Expression] = []
        colons = 0
        is_part_next = True
        while not self.skip("]"):
            if self.skip(":"):
                colons += 1
                is_part_next = True
            elif is_part_next:
                parts.append(self.expression())
                is_part_next = False
            else:
                raise Unreadable("[")
        if colons > 2:  # noqa: PLR2004 - start, stop, step
            raise Unreadable("[")
        if colons:
            return ("opaque", (made, *parts))
        if not parts:
            raise Unreadable("]")
        return ("item", made, parts[0])

    def arguments(self) -> tuple[list[Expression], list[Keyword]]:
        args: list[Expression] = []
        keywords: list[Keyword] = []
        while not self.skip(")"):
            value = self.expression()
            if value[0] == "name" and self.skip("="):
                keywords.append((value[1], self.expression()))
            elif keywords:
                raise Unreadable("(")
            else:
                args.append(value)
            if not self.skip(","):
                self.expect(")")
                break
        return args, keywords

    def filtered(self, made: Expression) -> Expression:
        """Read `| filter`, `is test` and calls behind them."""
        while True:
            if self.skip("|"):
                name = self.name()
                args, keywords = self.arguments() if self.skip("(") else ([], [])
                made = ("filter", made, name, args, keywords)
            elif self.skip_word("is"):
                made = self.test(made)
            elif self.skip("("):
                args, keywords = self.arguments()
                made = ("call", made, args, keywords)
            else:
                return made

    def test(self, made: Expression) -> Expression:
        is_negated = self.skip_word("not")
        name = self.name()
        args: list[Expression] = []
        if self.skip("("):
            args, keywords = self.arguments()
            if keywords:
                raise Unreadable("is")
        elif self.kind in {NUMBER, STRING_TOKEN} or (
            self.kind == NAME and self.value not in _NO_OPERAND
        ) or (self.kind == OPERATOR and self.value in "[{"):  # fmt: skip
            args = [self.attached(self.primary())]
        elif self.kind == NAME and self.value in {"if", "in", "not", "is"}:
            # Jinja takes these for the test's argument.
            raise Unreadable(self.value)
        return ("test", made, name, args, is_negated)
