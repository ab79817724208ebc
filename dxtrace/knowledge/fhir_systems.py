"""What the terms of DxTrace and of common terminologies are called in FHIR: system addresses.

Terms of our own have an object identifier below ``2.25`` (ITU-T X.667: made of a UUID, so nobody
has to hand it out).
"""

OWN_ROOT = "2.25.236422483847375463482643718328982434648"
CONCEPTS = f"urn:oid:{OWN_ROOT}.1"
"""Keys of the vocabulary's concepts."""
PARTS = f"urn:oid:{OWN_ROOT}.2"
"""What is said of a finding: ``measurement:long_axis``, ``attribute:composition`` (``attributes:``
where there may be several), ``lesion``, ``words``."""
VALUES = f"urn:oid:{OWN_ROOT}.3"
"""Values of choices, by their keys."""
STANDINGS = f"urn:oid:{OWN_ROOT}.4"
"""How surely a finding is stated."""
SOURCES = f"urn:oid:{OWN_ROOT}.5"
"""Which kind of source stated it."""
CONCLUSIONS = f"urn:oid:{OWN_ROOT}.6"
"""Conclusions of guideline packs, as ``lung_rads.category=4A``."""
REPORTS = f"urn:oid:{OWN_ROOT}.7"
"""Kinds of reports."""
TRACES = f"urn:oid:{OWN_ROOT}.8"
"""Traces, by the hash of their last entry."""
CASES = f"urn:oid:{OWN_ROOT}.9"
"""Cases, by their ids."""

SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
_SYSTEMS = {"RADLEX": "http://www.radlex.org", "SCT": SNOMED, "LN": LOINC,
            "DCM": "http://dicom.nema.org/resources/ontology/DCM"}  # fmt: skip


def system_of(designator: str) -> str | None:
    """The address of a terminology that DICOM has a short name for; None if there is none."""
    return _SYSTEMS.get(designator)
