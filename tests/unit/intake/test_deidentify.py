"""Identifiers are masked, clinical words are not, and no character moves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxtrace.intake import mask_dates, mask_identifiers


@pytest.mark.parametrize(
    ("line", "hidden"),
    [
        ("Patient: John Smith, 63-year-old male", ["John", "Smith"]),
        ("PATIENT NAME: DOE, JANE A   DOB: 01/02/1950 Age: 72", ["DOE", "JANE", "1950"]),
        ("Name: O'Neil, Mary-Ann", ["Neil", "Mary", "Ann"]),
        ("MRN: 00123-45 Sex: F", ["00123"]),
        ("Accession Number: CT12345", ["12345"]),
        ("Date of birth: 3 May 1950, 72 years", ["May", "1950"]),
        ("Referring physician: Dr. A. B. House", ["House"]),
        ("Electronically signed by: Gregory House MD", ["Gregory", "House"]),
        ("Phone: (555) 123-4567", ["555", "4567"]),
        ("Call 555-123-4567 with questions.", ["555", "4567"]),
        ("SSN 123-45-6789", ["6789"]),
        ("Contact: jane.doe@example.org", ["jane", "doe", "example"]),
        ("Address: 12 Main Street, Springfield", ["Main", "Springfield"]),
        ("Exam | Patient: Jane Doe | CT chest", ["Jane", "Doe"]),
        ("Discussed with Dr. Maria Gonzalez at noon.", ["Maria", "Gonzalez"]),
        ("PATIENT: Mr. John Smith, DOB 03/04/1956", ["John", "Smith", "1956"]),
        ("Findings told to MRS. SMITH and Prof Miller.", ["SMITH", "Miller"]),
        ("NAME: DOE, JANE\nHISTORY: Jane has cough. Jane Doe was told.", ["Jane", "Doe", "JANE"]),
        ("Mr. Black is ill. Seen with Black Black.", ["Black"]),
        ("Insurance id XKCD-4242 was given.", ["4242", "XKCD"]),
        ("Born 14.03.1951, or born on March 14, 1951.", ["1951", "March", "14"]),
        ("See http://portal.example.org/p/99887766 and 10.20.30.40.", ["example", "9988", "10.2"]),
        ("UID 1.2.840.113619.2.55.3, chart 99887766.", ["113619", "99887766"]),
        ("Lives at 55 Fruit Street, Boston MA 02114.", ["Fruit", "02114"]),
    ],
)
def test_identifiers_are_masked(line: str, hidden: list[str]) -> None:
    masked = mask_identifiers(line)
    assert len(masked) == len(line)
    assert not [word for word in hidden if word in masked]


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("Patient: John Smith, 63-year-old male", "63-year-old male"),
        ("MR Brain and DR Chest were read.", "MR Brain and DR Chest were read."),
        ("MRS Spectroscopy of the brain.", "MRS Spectroscopy of the brain."),
        ("MRN: 00123-45 Sex: F", "Sex: F"),
        ("DOB: 1/2/1950, age 63, sex M", "age 63, sex M"),
        ("Date of birth: 3 May 1950, 72 years", "72 years"),
        ("Exam | Patient: Jane Doe | CT chest", "CT chest"),
    ],
)
def test_age_and_sex_beside_an_identifier_stay(line: str, kept: str) -> None:
    assert kept in mask_identifiers(line)


@pytest.mark.parametrize(
    "line",
    [
        "Patient: 63-year-old woman with cough",
        "Patient: Male, age 40",
        "Patient denies pain. She was told. Mother also smokes.",
        "Never smoked. Formerly smoked a pipe; Quit smoking. Repeatedly denied cough.",
        "PATIENT POSITION: Supine",
        "FINDINGS: 1.2 x 3.4 cm nodule, 123-456 HU, T10-T12, L1.",
        "Comparison: CT chest 05/01/2012.",
        "Dr. told. Small effusion is seen, 1.2.3, 12.5 x 3.4 x 10.2 mm, 1234567 copies.",
        "Viral load 12,345,678 copies; CT 12 days ago; IMA 3.",
        "The patient is rotated. Name of the lesion: unknown.",
        "Blasts 20%. CD34 positive. t(9;22)(q34;q11). 46,XY.",
    ],
)
def test_clinical_text_is_untouched(line: str) -> None:
    assert mask_identifiers(line) == line


def test_a_name_that_is_an_ordinary_word_takes_no_finding_away() -> None:
    text = "Referring physician: Dr. Small\nFINDINGS: Small effusion. Small was told."
    assert mask_identifiers(text).endswith("FINDINGS: Small effusion. XXXXX was told.")


def test_a_flood_of_names_is_masked_in_one_go() -> None:
    names = [f"{a}{b}{c}" for a in "BCDFG" for b in "aeiou" for c in "lmnrst" * 20]
    text = " ".join(f"Dr. {name} told. {name} has pain." for name in names)
    masked = mask_identifiers(text)
    assert len(masked) == len(text)
    assert not [name for name in names if name in masked]


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("CT of 2024-02-29.", "CT of 2024-XX-XX."),
        ("CT of 29.02.2024, 2/9/24", "CT of XX.XX.2024, X/X/XX"),
        ("on 29 Feb 2024 and February 3, 2023", "on XX XXX 2024 and XXXXXXXX X, 2023"),
        ("A 5 mm nodule, 3/4, T1.2, may 5 be?", "A 5 mm nodule, 3/4, T1.2, may 5 be?"),
    ],
)
def test_of_a_date_the_year_stays(text: str, masked: str) -> None:
    assert mask_dates(text) == masked


@given(st.text())
def test_length_and_lines_never_change(text: str) -> None:
    masked = mask_identifiers(text)
    assert len(masked) == len(text)
    assert [i for i, c in enumerate(masked) if c == "\n"] == [
        i for i, c in enumerate(text) if c == "\n"
    ]
