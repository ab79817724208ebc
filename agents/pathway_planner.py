"""The planner that needs no weights: packs say what is needed, cards say who can find it."""

from collections.abc import Callable, Iterable, Iterator

from agents.intent import Intent, QuestionReader
from agents.planner import PackChoice, Plan, Situation, requested
from agents.question_text import asks_for_guideline
from dxtrace.clinical import (
    Arguments,
    CallRequest,
    Case,
    CheckedClaim,
    Claim,
    Context,
    Finding,
    MissingFact,
    Presence,
    Source,
    VerdictKind,
)
from dxtrace.knowledge import Knowledge
from dxtrace.knowledge.schema import Pack
from tools import Tool, ToolRegistry
from tools.guideline_search import GUIDELINE_SEARCH
from tools.report_reader import ReportReader
from tools.report_reader.characters import plain_characters
from tools.report_reader.phrases import compile_phrase, fold
from tools.similar_cases import DIFFERENTIAL, SIMILAR_CASES
from tools.structures import measured_concepts
from tools.tool import has_images

_ANALOGIES = (SIMILAR_CASES, DIFFERENTIAL)
_LOOKED_AT = 4000
_LONGEST_PHRASE = 200
_OPPOSITE = {Presence.PRESENT: Presence.ABSENT, Presence.ABSENT: Presence.PRESENT}


class PathwayPlanner:
    """Plans by the packs' own needs.

    Args:
        knowledge: vocabulary and packs.
        reader: understands questions.
        registry: the tools.
    """

    name = "pathway"
    most_steps: int | None = None

    def __init__(self, knowledge: Knowledge, reader: ReportReader, registry: ToolRegistry) -> None:
        self.knowledge, self.registry = knowledge, registry
        self.questions = QuestionReader(knowledge, reader)

    def plan(self, situation: Situation) -> Plan:
        """Every applicable tool that can produce something needed and was not called yet.

        What the case itself asks of tools comes first. Readers of what is already there (reports,
        records) are always called. Experts on images are called for the concepts that are asked
        about or missing, or, in a first review, for all that they produce; not those that need a
        prompt, nor those that the case asks for something in particular.
        """
        case, called, missing = situation.case, situation.called, situation.missing
        asked = requested(case, called)
        done = {call.name for call in called} | {call.tool for call in case.calls}
        intents = self.intents(case)
        wanted = self._wanted(intents, missing)
        chosen = [
            (CallRequest(tool=tool.card.name), why)
            for tool in self.registry
            if tool.card.name not in done and (why := self._why(tool, case, wanted, bool(called)))
        ]
        chosen += self._guidelines(situation)
        chosen += self._analogies(case, intents, done)
        return Plan(
            calls=(*asked, *(call for call, _ in chosen)),
            why=(*("the case asks for it" for _ in asked), *(w for _, w in chosen)),
            intents=intents,
        )  # fmt: skip

    def _guidelines(self, situation: Situation) -> list[tuple[CallRequest, str]]:
        """The search for guideline passages, where the question asks what a guideline says."""
        case, question = situation.case, situation.case.question or ""
        search = self.registry.get(GUIDELINE_SEARCH)
        if search is None or not asks_for_guideline(question):
            return []
        # The call without a phrase is for the first question of a session.
        phrases = (question[:_LONGEST_PHRASE],) if situation.round else ()
        call = CallRequest(tool=GUIDELINE_SEARCH, arguments=Arguments(phrases=phrases))
        done = any(
            c.name == GUIDELINE_SEARCH and (c.arguments == call.arguments or not situation.round)
            for c in situation.called
        )
        if done or search.applicable(case, call.arguments) is not None:
            return []
        return [(call, "the question asks what a guideline says")]

    def _analogies(
        self, case: Case, intents: Iterable[Intent], done: set[str]
    ) -> list[tuple[CallRequest, str]]:
        """The search for similar cases, and a differential by them, where the question asks."""
        kinds = {intent.kind for intent in intents}
        wanted = {"similar": _ANALOGIES[:1], "differential": _ANALOGIES}
        tasks = {task for kind in kinds for task in wanted.get(kind, ())}
        asks = "a differential" if "differential" in kinds else "similar cases"
        return [
            (CallRequest(tool=tool.card.name), f"the question asks for {asks}")
            for tool in self.registry
            if tool.card.task in tasks
            and tool.card.name not in done
            and tool.applicable(case) is None
        ]

    def goes_on(self, situation: Situation) -> bool:
        """Whether a fact is missing that a tool not yet called may find."""
        return bool(situation.missing and self.plan(situation).calls)

    def intents(self, case: Case) -> tuple[Intent, ...]:
        """What is asked, understood with the vocabulary; of the current reports."""
        about = "\n".join(r.text[:_LOOKED_AT] for r in case.reports if not r.is_prior)
        return self.questions.read(case.question, case.packs, about=about)

    def _wanted(
        self, intents: Iterable[Intent], missing: Iterable[MissingFact]
    ) -> frozenset[str] | None:
        """Concepts to look for; None for everything."""
        concepts = {m.concept.partition(".")[0] for m in missing}
        for intent in intents:
            if intent.kind == "review" or (intent.kind == "comparison" and not intent.concept):
                return None
            if intent.concept:
                below = self.knowledge.vocabulary.descendants.get(intent.concept, frozenset())
                concepts |= {intent.concept, *below}
            if intent.pack:
                concepts |= set(self.knowledge.packs[intent.pack].header.selection.concepts)
        return frozenset(concepts)

    def _why(self, tool: Tool, case: Case, wanted: frozenset[str] | None, again: bool) -> str:
        if tool.card.task in _ANALOGIES:
            return ""  # only who asks for analogies is given any
        if tool.card.prompt_needed:
            return ""
        # Who looks at images is called also where its contract refuses these: the refusal, which
        # loads nothing, is on record then, with its reason.
        refused = tool.applicable(case) is not None
        if refused and not (tool.card.accepts == ("image",) and has_images(case)):
            return ""
        produces = {*tool.card.produces, *measured_concepts(tool.card)}
        if "*" in produces:
            return "" if again else "reads what came with the case"
        useful = produces if wanted is None else produces & wanted
        return f"can find {', '.join(sorted(useful)[:5])}" if useful else ""

    # -- packs -------------------------------------------------------------------------------

    def choose_packs(
        self, case: Case, findings: Iterable[Finding], holds: Callable[[str], bool]
    ) -> tuple[PackChoice, ...]:
        """Packs asked for; otherwise packs named in a report, or whose conditions are proved."""
        intents = self.intents(case)
        asked = [i.pack for i in intents if i.pack]
        if asked:
            return tuple(PackChoice(pack=p, why="asked for") for p in dict.fromkeys(asked))
        if any(i.kind == "finding" for i in intents):
            return ()
        return self._applying(case, list(findings), holds)

    def _applying(
        self, case: Case, findings: list[Finding], holds: Callable[[str], bool]
    ) -> tuple[PackChoice, ...]:
        current = "\n".join(r.text for r in case.reports if not r.is_prior)
        folded = fold(plain_characters(current).text)
        present = {
            f.concept
            for f in findings
            if f.presence is Presence.PRESENT and f.context is Context.CURRENT
        }
        chosen: dict[str, str] = {}
        for pack in self.knowledge.packs.values():
            selection = pack.header.selection
            names = (*selection.edition, *selection.mentions)
            if any(compile_phrase(p).search(folded) for p in names):
                chosen[pack.id] = "named in the report"
            elif present & set(selection.concepts) and self._proved(pack, holds):
                seen = ", ".join(sorted(present & set(selection.concepts)))
                chosen[pack.id] = f"{seen.replace('_', ' ')} found"
        return tuple(PackChoice(pack=p, why=w) for p, w in self._without_excluded(chosen))

    def _proved(self, pack: Pack, holds: Callable[[str], bool]) -> bool:
        condition = pack.header.selection.when
        return condition is None or holds(condition)

    def _without_excluded(self, chosen: dict[str, str]) -> Iterator[tuple[str, str]]:
        named = {p for p, why in chosen.items() if why == "named in the report"}
        excluded = {
            e for p in named or chosen for e in self.knowledge.packs[p].header.selection.excludes
        } - (named if len(named) == 1 else set())
        for pack, why in chosen.items():
            if pack not in excluded:
                yield pack, why

    # -- claims ------------------------------------------------------------------------------

    def draft(self, intents: Iterable[Intent]) -> tuple[Claim, ...]:
        """What is asked, as statements: the checker decides whether they hold.

        A question with a feature, a size or a site makes two: the whole statement, which is
        answered with yes or no, and (``q1b``) the presence alone, which the result records.
        """
        return tuple(
            c for n, intent in enumerate(intents, start=1) for c in _claims(f"q{n}", intent)
        )

    def revise(self, checked: Iterable[CheckedClaim]) -> tuple[Claim, ...]:
        """The opposite of each finding claim that the evidence contradicts."""
        return tuple(
            item.claim.model_copy(
                update={"id": f"{item.claim.id}r", "presence": _OPPOSITE[item.claim.presence]}
            )
            for item in checked
            if item.verdict.kind is VerdictKind.CONTRADICTED
            and item.claim.kind == "finding"
            and item.claim.presence in _OPPOSITE
            and not (item.claim.attributes or item.claim.measurements or item.claim.location)
        )


def _claims(claim_id: str, intent: Intent) -> Iterator[Claim]:
    if intent.kind == "finding" and intent.concept:
        bare = Claim(
            id=claim_id, kind="finding", concept=intent.concept,
            presence=Presence.ABSENT if intent.absent else Presence.PRESENT,
            laterality=intent.laterality, source=Source.PLANNER,
        )  # fmt: skip
        if intent.is_qualified:
            asked = {"location", "attributes", "measurements"}
            yield bare.model_copy(update={f: getattr(intent, f) for f in asked})
            yield bare.model_copy(update={"id": f"{claim_id}b"})
        else:
            yield bare
    elif intent.kind == "value" and intent.output:
        yield Claim(
            id=claim_id, kind="category", concept=intent.output, value=intent.value,
            source=Source.PLANNER,
        )  # fmt: skip
