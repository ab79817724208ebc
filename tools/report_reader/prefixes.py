"""The first letters that a phrase can begin with, so that most phrases are never tried."""

from dataclasses import dataclass

PREFIX_LENGTH = 4
_MAX_CLASS = 8
_Prefix = tuple[str, bool]
_STOP: frozenset[_Prefix] = frozenset({("", True)})
_NOTHING: frozenset[_Prefix] = frozenset({("", False)})


def first_letters(pattern: str) -> frozenset[str] | None:
    """Beginnings (at most four characters) of all texts that a phrase matches.

    Returns:
        The beginnings, or None if they cannot be told (the phrase begins with a number, say).
    """
    found = frozenset(text for text, _ in _Parser(pattern).alternation())
    return None if "" in found else found


def _grow(prefixes: frozenset[_Prefix], atom: frozenset[_Prefix]) -> frozenset[_Prefix]:
    grown = {p for p in prefixes if p[1]}
    for text, done in prefixes:
        if not done:
            grown |= {
                ((text + more)[:PREFIX_LENGTH], stop or len(text + more) >= PREFIX_LENGTH)
                for more, stop in atom
            }
    return frozenset(grown)


@dataclass
class _Parser:
    """Reads just enough of the regular expression language to see how a match begins."""

    pattern: str
    position: int = 0

    def _peek(self) -> str:
        return self.pattern[self.position : self.position + 1]

    def alternation(self) -> frozenset[_Prefix]:
        found = self._sequence()
        while self._peek() == "|":
            self.position += 1
            found |= self._sequence()
        return found

    def _sequence(self) -> frozenset[_Prefix]:
        prefixes = _NOTHING
        while self._peek() and self._peek() not in "|)":
            atom = self._atom()
            optional, repeated = self._quantifier()
            if repeated:
                atom = frozenset((text, True) for text, _ in atom)
            grown = _grow(prefixes, atom)
            prefixes = grown | prefixes if optional else grown
        return prefixes

    def _quantifier(self) -> tuple[bool, bool]:
        sign = self._peek()
        if not sign or sign not in "?*+{" or self.pattern.startswith("{number}", self.position):
            return False, False
        optional = sign in "?*"
        if sign == "{":
            end = self.pattern.find("}", self.position)
            optional = self.pattern[self.position + 1] in "0,"
            self.position = end
        self.position += 1
        if self._peek() and self._peek() in "?+":
            self.position += 1
        return optional, sign != "?"

    def _atom(self) -> frozenset[_Prefix]:
        if self.pattern.startswith("{number}", self.position):
            self.position += len("{number}")
            return _STOP
        sign = self._peek()
        self.position += 1
        if sign == "(":
            return self._group()
        if sign == "[":
            return self._char_class()
        if sign == "\\":
            return self._escape()
        return _STOP if sign in ". " else frozenset({(sign.lower(), False)})

    def _group(self) -> frozenset[_Prefix]:
        looks_around = self.pattern.startswith(("?!", "?=", "?<!", "?<="), self.position)
        if self._peek() == "?":
            stops = ">" if self.pattern.startswith("?P<", self.position) else ":!="
            while self._peek() and self._peek() not in stops:
                self.position += 1
            self.position += 1
        found = self.alternation()
        self.position += 1
        return _NOTHING if looks_around else found

    def _char_class(self) -> frozenset[_Prefix]:
        end = self.pattern.find("]", self.position + 1)
        members = self.pattern[self.position : end]
        self.position = end + 1
        if len(members) > _MAX_CLASS or not members.isalnum():
            return _STOP
        return frozenset((c.lower(), False) for c in members)

    def _escape(self) -> frozenset[_Prefix]:
        sign = self._peek()
        self.position += 1
        if sign in "bB":
            return _NOTHING
        return _STOP if sign.isalnum() else frozenset({(sign, False)})
