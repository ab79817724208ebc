"""What the trace keeps of each step."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from dxtrace.clinical import Answer, Case


def check_record(outcome: Mapping[str, Any]) -> dict[str, Any]:
    """What the trace keeps of a check."""
    return {
        "packs": [dump(p) for p in outcome["packs"]],
        "claims": [dump(c) for c in (*outcome["report_claims"], *outcome["answers"])],
        "conclusions": [dump(c) for c in outcome["conclusions"]],
        "contradictions": [dump(c) for c in outcome["contradictions"]],
        "missing": [dump(m) for m in outcome["missing"]],
        **_said(outcome),
        **({"changes": [dump(c) for c in outcome["changes"]]} if outcome["changes"] else {}),
        **_differential(outcome),
    }


def _differential(outcome: Mapping[str, Any]) -> dict[str, Any]:
    """What similar cases were thought to be, judged, if somebody asked."""
    given = outcome["differential"]
    return {} if given is None else {"differential": dump(given)}


def _said(outcome: Mapping[str, Any]) -> dict[str, Any]:
    """What a planner said, if one did: its sentences with their marks, and what they claim."""
    if not outcome["sentences"]:
        return {}
    return {
        "sentences": [dump(s) for s in outcome["sentences"]],
        "stated": [dump(c) for c in outcome["stated"]],
    }


def answer_record(answer: Answer) -> dict[str, Any]:
    """What the trace keeps of an answer."""
    return {"text": answer.text, "conclusions": [dump(c) for c in answer.conclusions]}


def dump(model: Any) -> dict[str, Any]:
    """A model as JSON data, without what is as by default."""
    data: dict[str, Any] = model.model_dump(mode="json", exclude_defaults=True)
    return data


def input_record(case: Case) -> dict[str, Any]:
    """What the trace keeps of what came in: the case, and its reports by hash."""
    record = case.model_dump(mode="json", exclude_defaults=True, exclude={"reports", "findings"})
    record["reports"] = [
        {
            "sha256": sha256(r.text.encode("utf-8", "surrogatepass")).hexdigest(),
            "characters": len(r.text),
            "is_prior": r.is_prior,
        }
        for r in case.reports
    ]
    record["case"] = case.model_dump(mode="json")
    return record
