"""What things are: cases, findings, measurements, claims, verdicts, traces."""

from dxtrace.clinical.arguments import Arguments, Box, CallRequest, Point
from dxtrace.clinical.artifact import Artifact
from dxtrace.clinical.case import (
    Case,
    Geometry,
    Image,
    Observation,
    Patient,
    Report,
    Series,
    Study,
)
from dxtrace.clinical.claim import Claim
from dxtrace.clinical.concept import (
    AttributeChoice,
    Code,
    Concept,
    ConceptAttribute,
    ReaderPhrases,
)
from dxtrace.clinical.correction import Change, Correction
from dxtrace.clinical.differential import Candidate, Differential, Sign
from dxtrace.clinical.finding import AttributeValue, Evidence, Finding, Score
from dxtrace.clinical.measurement import Measurement
from dxtrace.clinical.quoted_text import QuotedText, Suspicion, SuspiciousText
from dxtrace.clinical.reliance import ChangedClaim, Reliance
from dxtrace.clinical.result import (
    Answer,
    CheckedClaim,
    Conclusion,
    Contradiction,
    PlannerPart,
    Result,
    ToolCall,
)
from dxtrace.clinical.similar_case import Exemplar, FindingComparison, SimilarCase
from dxtrace.clinical.statement import Basis, CheckedSentence, Mark, Sentence, Statement
from dxtrace.clinical.states import Context, Laterality, Outcome, Presence, Source, VerdictKind
from dxtrace.clinical.trace import Trace, TraceEntry, TraceError
from dxtrace.clinical.verdict import (
    ASIDE,
    GUIDELINE_TEXT,
    OWN_DOCUMENT,
    Citation,
    MissingFact,
    QuotedPassage,
    Reason,
    Verdict,
)

__all__ = [
    "ASIDE",
    "GUIDELINE_TEXT",
    "OWN_DOCUMENT",
    "Answer",
    "Arguments",
    "Artifact",
    "AttributeChoice",
    "AttributeValue",
    "Basis",
    "Box",
    "CallRequest",
    "Candidate",
    "Case",
    "Change",
    "ChangedClaim",
    "CheckedClaim",
    "CheckedSentence",
    "Citation",
    "Claim",
    "Code",
    "Concept",
    "ConceptAttribute",
    "Conclusion",
    "Context",
    "Contradiction",
    "Correction",
    "Differential",
    "Evidence",
    "Exemplar",
    "Finding",
    "FindingComparison",
    "Geometry",
    "Image",
    "Laterality",
    "Mark",
    "Measurement",
    "MissingFact",
    "Observation",
    "Outcome",
    "Patient",
    "PlannerPart",
    "Point",
    "Presence",
    "QuotedPassage",
    "QuotedText",
    "ReaderPhrases",
    "Reason",
    "Reliance",
    "Report",
    "Result",
    "Score",
    "Sentence",
    "Series",
    "Sign",
    "SimilarCase",
    "Source",
    "Statement",
    "Study",
    "Suspicion",
    "SuspiciousText",
    "ToolCall",
    "Trace",
    "TraceEntry",
    "TraceError",
    "Verdict",
    "VerdictKind",
]
