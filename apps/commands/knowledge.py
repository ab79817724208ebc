"""``dxtrace knowledge``: what the packs say, and the proofs about them."""

import sys
from collections.abc import Iterator
from pathlib import Path

from apps.exit_status import ExitStatus, UsageError
from dxtrace.clinical import Concept
from dxtrace.knowledge import KNOWLEDGE_FOLDER, Knowledge, KnowledgeError, load_knowledge
from dxtrace.knowledge.schema import Pack, Table
from dxtrace.knowledge.suggestions import suggest
from dxtrace.reasoning.proof_record import RECORD, write_record
from dxtrace.reasoning.proofs import PackProof, prove_packs


def list_packs(folder: Path | None) -> None:
    """Print one line a pack.

    Raises:
        UsageError: if the packs do not load.
    """
    knowledge = _load(folder)
    print(f"{len(knowledge.vocabulary.concepts)} concepts, {len(knowledge.packs)} packs\n")
    width = max((len(key) for key in knowledge.packs), default=0)
    for pack in knowledge.packs.values():
        rows = sum(len(table.rows) for table in pack.tables)
        print(
            f"{pack.id:<{width}}  {pack.header.title} ({pack.header.publisher}, "
            f"{pack.header.year}): {len(pack.tables)} tables, {rows} rows, "
            f"{len(pack.rules)} rules, {len(pack.passages)} passages"
        )


def show_knowledge(name: str, folder: Path | None) -> None:
    """Print a pack, a concept, or a document of the user's own.

    Raises:
        UsageError: if there is none of these.
    """
    knowledge = _load(folder)
    if name in knowledge.packs:
        print("\n".join(_describe_pack(knowledge.packs[name])))
    elif name in knowledge.vocabulary.concepts:
        print("\n".join(_describe_concept(knowledge.vocabulary.concepts[name])))
    elif not _show_own(name):
        known = [*knowledge.packs, *knowledge.vocabulary.concepts]
        raise UsageError(f"no pack, concept or document is called {name!r}{suggest(name, known)}")


def _show_own(name: str) -> bool:
    from apps.commands.own_documents import show_document

    return show_document(name)


def verify_packs(packs: list[str], folder: Path | None, *, record: bool = False) -> ExitStatus:
    """Prove packs; what is refuted is printed with a counter-example.

    Args:
        packs: the packs to prove; none named means all.
        folder: another knowledge folder than that of DxTrace.
        record: remember in DxTrace itself that its packs are proved.

    Returns:
        ``CASE_FAILED`` if anything is refuted.

    Raises:
        UsageError: on an unknown pack, or a record of less than all of DxTrace's packs.
    """
    if record and (packs or folder):
        raise UsageError("--record is for all packs of DxTrace itself: name no pack and no folder")
    try:
        knowledge = _load(folder)
    except UsageError as error:
        sys.stderr.write(f"refused: {error}\n")
        return ExitStatus.CASE_FAILED
    for name in packs:
        if name not in knowledge.packs:
            raise UsageError(f"no pack is called {name!r}{suggest(name, knowledge.packs)}")
    proofs = []
    for name in packs or list(knowledge.packs):
        proofs += prove_packs(knowledge, [name])
        _print_proof(proofs[-1])
    refuted = sum(len(p.problems) for p in proofs)
    print(
        f"{len(proofs)} packs, {refuted} problem(s)" if refuted else f"{len(proofs)} packs proved"
    )
    if record and not refuted:
        write_record(knowledge)
        print(f"recorded in {RECORD.name}")
    return ExitStatus.CASE_FAILED if refuted else ExitStatus.OK


def _load(folder: Path | None) -> Knowledge:
    try:
        return load_knowledge(folder or KNOWLEDGE_FOLDER)
    except KnowledgeError as error:
        raise UsageError(str(error)) from None


def _print_proof(proof: PackProof) -> None:
    what = f"{proof.tables} tables ({proof.rows} rows) and {proof.rules} rules"
    if not proof.problems:
        print(f"{proof.pack}: proved: {what}", flush=True)
        return
    print(f"{proof.pack}: {len(proof.problems)} problem(s) in {what}")
    for problem in proof.problems:
        print(f"  {problem}", flush=True)


def _describe_pack(pack: Pack) -> Iterator[str]:
    header = pack.header
    yield f"{header.title} ({header.publisher}, {header.year}), version {header.version}"
    yield f"source: {header.source.text} {header.source.url}".rstrip()
    yield f"reviewed: {header.reviewed}"
    yield "\nConclusions"
    for output in header.outputs:
        values = ", ".join(v.key for v in output.values) or "true, false"
        yield f"  {output.public_name}: {values}"
    yield "\nAssumptions (about what nobody stated)"
    for assumption in header.assumptions:
        yield f"  {assumption.fact} = {assumption.value}: {assumption.because}"
    for table in pack.tables:
        yield from _describe_table(table)
    yield "\nRules"
    for rule in pack.rules:
        body = f"never {rule.never}" if rule.never else f"{rule.when}  =>  {rule.then}"
        yield f"  {rule.rule}: {body}"
    yield "\nPassages"
    for passage in pack.passages:
        yield f"  {passage.passage} ({passage.section}): {passage.text.strip()}"
        if passage.checked:
            yield f"    checked: {passage.checked}"


def _describe_table(table: Table) -> Iterator[str]:
    yield f"\nTable {table.table}: {table.title} -> {table.output}"
    yield f"  applies: {table.applies}"
    for row in table.rows:
        yield f"  {row.row}: {row.when}  =>  {row.then}"


def _describe_concept(concept: Concept) -> Iterator[str]:
    yield f"{concept.name} ({concept.key}), {concept.oifm_id or 'no OIFM entry'}: {concept.kind}"
    yield concept.description
    for label, values in (
        ("synonyms", concept.synonyms),
        ("parents", concept.parents),
        ("domains", concept.domains),
        ("codes", [f"{c.system} {c.code}" for c in concept.index_codes]),
    ):
        if values:
            yield f"{label}: {', '.join(values)}"
    for attribute in concept.attributes:
        shape = ", ".join(v.key for v in attribute.values) or attribute.unit or ""
        yield f"  {attribute.key} ({attribute.type}) {shape}".rstrip()
