"""What the teacher gives: a number from -1 to 1, its parts, and why."""

from typing import Literal

from dxtrace.clinical import Claim, Reason
from dxtrace.clinical.base import Frozen

Standing = Literal[
    "entailed", "aside", "repeated", "copied", "left_open", "hedged_open", "hedged_proved",
    "hedged_aside", "consistent", "unsupported", "wrongly_open", "hedged_contradicted", "invalid",
    "contradicted",
]  # fmt: skip


class JudgedStatement(Frozen):
    """One statement of an answer, with the checker's word on it.

    Attributes:
        text: the words, or the claim in words.
        standing: how it fared.
        worth: what it is worth, from -1 to 1.
        claims: what the words were read as; several if two concepts share the words.
        because: the findings and rules that show it.
        problem: what is wrong with a claim that is none.
    """

    text: str
    standing: Standing
    worth: float
    claims: tuple[Claim, ...] = ()
    because: tuple[Reason, ...] = ()
    problem: str = ""


class JudgedTurn(Frozen):
    """One turn.

    Attributes:
        question: what was asked.
        statements: what was said.
        unread: sentences from which nothing could be read.
        validity: from -1 to 1.
    """

    question: str
    statements: tuple[JudgedStatement, ...]
    unread: tuple[str, ...]
    validity: float


class Conflict(Frozen):
    """Statements of a conversation that exclude each other.

    Attributes:
        turns: the turns that they stand in, from 1.
        statements: their words.
        rules: what makes them exclude each other, beside their words.
        corrected: whether the later one says that it takes the earlier one back.
    """

    turns: tuple[int, ...]
    statements: tuple[str, ...]
    rules: tuple[str, ...] = ()
    corrected: bool = False


class Expected(Frozen):
    """Something that the question or the pathway asks for.

    Attributes:
        kind: what the question *asked* for, what a pack *concluded*, what it *rests_on*, or a
            *gap*: a fact that would decide what is open.
        subject: a concept, an output, or a fact (for a gap).
        value: the value of a conclusion, or present or absent; None if it is open.
        words: what a reader calls it.
        share: what it counts for.
        met: whether the conversation established it, or asked for it.
    """

    kind: Literal["asked", "concluded", "rests_on", "gap"]
    subject: str
    value: str | bool | None
    words: str
    share: float
    met: bool = False


class JudgedCall(Frozen):
    """One call, or one that was not made.

    Attributes:
        tool: the tool.
        standing: how it fared, as in the settings.
        worth: what it is worth; None for a reader of what is there, which neither earns nor costs.
        why: the contract's reason, or what it could have found.
    """

    tool: str
    standing: str
    worth: float | None
    why: str = ""


class Reward(Frozen):
    """The reward of a conversation.

    Attributes:
        total: from -1 to 1; the weighted sum of the parts.
        validity: whether what was said holds; the mean of the turns, from -1 to 1.
        completeness: the share of what was expected that was established, from 0 to 1.
        calls: whether the calls were the right ones, from -1 to 1.
        consistency: 0, or down to -1 if the conversation contradicts itself.
        turns: the turns that were rewarded.
        conflicts: statements that exclude each other, corrected ones as well.
        expected: what was expected.
        judged_calls: the calls.
    """

    total: float
    validity: float
    completeness: float
    calls: float
    consistency: float
    turns: tuple[JudgedTurn, ...]
    conflicts: tuple[Conflict, ...]
    expected: tuple[Expected, ...]
    judged_calls: tuple[JudgedCall, ...]

    def explained(self) -> str:
        """The reward in words, a line for each thing that counted."""
        lines = [
            f"reward {self.total:+.3f}: validity {self.validity:+.2f}, completeness "
            f"{self.completeness:.2f}, calls {self.calls:+.2f}, consistency {self.consistency:+.2f}"
        ]
        for number, turn in enumerate(self.turns, start=1):
            lines.append(f"turn {number}: validity {turn.validity:+.2f}")
            lines += [f"  {_statement_line(s)}" for s in turn.statements]
            lines += [f"  unread: “{sentence}”" for sentence in turn.unread]
        lines += [_conflict_line(c) for c in self.conflicts]
        lines += [f"{'met' if e.met else 'left out'}: {e.words}" for e in self.expected]
        lines += [_call_line(c) for c in self.judged_calls]
        return "\n".join(lines)


def _statement_line(statement: JudgedStatement) -> str:
    shown = (r for r in statement.because if not r.id.startswith("assumption:"))
    reasons = "; ".join(dict.fromkeys(r.text or r.id for r in shown))
    why = statement.problem or reasons
    standing = statement.standing.replace("_", " ")
    return f"{statement.worth:+.2f} {standing}: “{statement.text}”" + (f" ({why})" if why else "")


def _conflict_line(conflict: Conflict) -> str:
    said = " and ".join(
        f"“{words}” (turn {turn})"
        for words, turn in zip(conflict.statements, conflict.turns, strict=True)
    )
    rules = f"; {'; '.join(conflict.rules)}" if conflict.rules else ""
    kind = "corrected" if conflict.corrected else "contradicts itself"
    return f"{kind}: {said}{rules}"


def _call_line(call: JudgedCall) -> str:
    worth = f"{call.worth:+.2f} " if call.worth is not None else ""
    why = f" ({call.why})" if call.why else ""
    return f"call {worth}{call.standing.replace('_', ' ')}: {call.tool}{why}"
