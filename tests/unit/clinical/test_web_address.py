"""Which addresses a reader may be sent to."""

import pytest

from dxtrace.clinical.web_address import web_address


@pytest.mark.parametrize(
    ("said", "link"),
    [
        ("https://example.org/guide?year=2020#s1", "https://example.org/guide?year=2020#s1"),
        (" http://example.org ", "http://example.org"),
        ("10.1148/radiol.2018181494", "https://doi.org/10.1148/radiol.2018181494"),
        ("doi: 10.1016/S0161-6420(03)00475-5", "https://doi.org/10.1016/S0161-6420(03)00475-5"),
        ("http://dx.doi.org/10.1148/x", "https://doi.org/10.1148/x"),
    ],
)
def test_the_web_and_dois_are_addresses(said: str, link: str) -> None:
    assert web_address(said) == link


@pytest.mark.parametrize(
    "said",
    [
        "", "javascript:alert(1)", "JavaScript:alert(1)", "java\nscript:alert(1)",
        "data:text/html,x", "file:///etc/passwd", "https:", "https://", "//example.org",
        "example.org", "mailto:a@b.c",
        "https://guideline.org@elsewhere.example/", "https://a b.org", "https://a\u202eb.org",
        'https://a.org/"onclick="x', "http://[::1", "doi:11.1/x", "\x01javascript:x",
    ],
)  # fmt: skip
def test_anything_else_is_none(said: str) -> None:
    assert web_address(said) == ""
