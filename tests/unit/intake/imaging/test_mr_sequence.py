import pytest

from dxtrace.intake.imaging.mr_sequence import read_mr_sequence


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("t1_mprage_sag_p2_iso", "t1"),
        ("AX T1 POST", "t1c"),
        ("T1W_3D_TFE +C", "t1c"),
        ("Ax T1 pre contrast", "t1"),
        ("t1ce", "t1c"),
        ("t2_tse_tra", "t2"),
        ("Ax T2 FLAIR", "flair"),
        ("t2_tirm_tra_darkfluid", "flair"),
        ("SAG T1 FLAIR", "t1"),
        ("T1 T2 mapping", None),
        ("ep2d_diff t2 trace", None),
        ("t2* gre star", None),
        ("Perfusion post", None),
        ("MUELLER FLORIAN", None),
        ("", None),
    ],
)
def test_descriptions_of_several_makers(text: str, expected: str | None) -> None:
    assert read_mr_sequence(text, has_contrast=False) == expected


def test_an_agent_in_the_header_makes_a_t1_one_after_contrast() -> None:
    assert read_mr_sequence("t1_mprage", has_contrast=True) == "t1c"
    assert read_mr_sequence("t1_mprage nativ", has_contrast=True) == "t1"
    assert read_mr_sequence("t2_tse", has_contrast=True) == "t2"


def test_the_first_text_that_tells_counts() -> None:
    assert read_mr_sequence("series 4", "t2_tse", has_contrast=False) == "t2"
