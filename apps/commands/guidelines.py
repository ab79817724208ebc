"""``dxtrace knowledge search`` and ``rebuild``: guideline passages with their place."""

import json
from dataclasses import dataclass, replace

from apps.exit_status import ExitStatus, UsageError
from apps.progress import show_counts
from dxtrace.clinical.verdict import relevance_in_words
from dxtrace.knowledge import load_knowledge
from dxtrace.knowledge.suggestions import suggest
from dxtrace.retrieval.errors import RetrievalError
from dxtrace.retrieval.guidelines import Found, Hit, Route
from tools.guideline_search import GuidelineSearch
from tools.report_reader import ReportReader


@dataclass(frozen=True)
class SearchOptions:
    """Where to look, and how to print.

    Attributes:
        packs: documents that alone may answer.
        modality: DICOM modality; documents about others are left out.
        body_part: documents about others are left out.
        specialty: documents for others are left out.
        json: print one JSON object.
    """

    packs: tuple[str, ...] = ()
    modality: str = ""
    body_part: str = ""
    specialty: str = ""
    json: bool = False


def search_guidelines(question: str, options: SearchOptions) -> ExitStatus:
    """Print the passages that bear on a question; none is an answer, too.

    Raises:
        UsageError: if the search cannot be opened, or a document is not known.
    """
    if not question.strip():
        raise UsageError("expected a question, got nothing")
    search = open_search()
    try:
        found = search.search(question, _route(search, question, options))
        _expect_known(options.packs, [d.key for d in search.library.record.current()])
    except RetrievalError as error:
        raise UsageError(str(error)) from None
    if options.json:
        print(json.dumps(_as_data(question, found), ensure_ascii=False))
    else:
        _print(found)
    return ExitStatus.OK


def rebuild_index() -> ExitStatus:
    """Make the index of guideline passages anew.

    Raises:
        UsageError: if the embedder is not here.
    """
    search = open_search()
    try:
        with show_counts("texts indexed") as watch:
            aside = search.library.rebuild(watch)
        count = len(search.library.open()[0])
    except RetrievalError as error:
        raise UsageError(str(error)) from None
    if aside is not None:
        print(
            f"the record of documents was damaged: it is now {aside}, and what you had added is "
            f"no longer searched; add it again"
        )
    print(f"{count} passages indexed with {search.library.embedder.name}")
    return ExitStatus.OK


def open_search() -> GuidelineSearch:
    """The search over packs and the user's documents."""
    knowledge = load_knowledge()
    return GuidelineSearch(knowledge, ReportReader(knowledge))


def _expect_known(packs: tuple[str, ...], known: list[str]) -> None:
    for pack in packs:
        if pack not in known:
            raise UsageError(f"no document is called {pack!r}{suggest(pack, known)}")


def _route(search: GuidelineSearch, question: str, options: SearchOptions) -> Route:
    return replace(
        search.routes.read(question),
        only=options.packs,
        modalities=_one(options.modality),
        body_parts=_one(options.body_part),
        specialties=_one(options.specialty),
    )


def _one(value: str) -> frozenset[str]:
    return frozenset({value.strip().lower()} - {""})


def _print(found: Found) -> None:
    for number, hit in enumerate(found.hits, start=1):
        citation = hit.document.citation(hit.passage)
        relevance = relevance_in_words(hit.strength, hit.score) or "relevance not known"
        print(f"{number}. {citation.source}: {citation.section}  ({relevance})")
        quoted = hit.quotation.replace("\n", "\n    ")
        print(f"   “{quoted}”")
        print(f"   {hit.reference}  {citation.url}".rstrip())
        if not hit.document.pack:
            print(f"   your own document ({hit.document.source}): no rule is proved from it")
    if found.hits and all(hit.strength == "weak" for hit in found.hits):
        print("Only weak passages: fewer than one in five of such decides its question.")
    if found.note:
        print(f"{found.note[:1].upper()}{found.note[1:]}.")


def _as_data(question: str, found: Found) -> dict[str, object]:
    return {"question": question, "note": found.note, "passages": [_hit(h) for h in found.hits]}


def _hit(hit: Hit) -> dict[str, object]:
    return {
        "reference": hit.reference,
        "score": hit.score,
        "strength": hit.strength,
        "quote": hit.quotation,
        "span": list(hit.span),
        "version": hit.document.version,
        "licence": hit.document.licence,
        "own": not hit.document.pack,
        "page": hit.passage.page,
        "citation": hit.document.citation(hit.passage).model_dump(mode="json"),
    }
