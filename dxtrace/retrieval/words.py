"""Words as the lexical index counts them."""

import re
import unicodedata
from functools import lru_cache

_WORD = re.compile(r"\d+(?:[.,]\d+)?[a-z]*|[a-z]+\d*[a-z]*")
_JOINED = re.compile(r"\b([a-z]{1,5})[- ]?(\d[a-z0-9]{0,3})\b")
_UNSAID = frozenset({
    "a", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by", "can", "could", "did",
    "do", "does", "for", "from", "had", "has", "have", "he", "her", "his", "how", "i", "if", "in",
    "into", "is", "it", "its", "me", "my", "of", "on", "or", "our", "she", "should", "so", "than",
    "that", "the", "their", "them", "then", "there", "these", "they", "this", "those", "to", "up",
    "was", "we", "were", "what", "when", "where", "which", "who", "why", "will", "with", "would",
    "you", "your",
    # What questions are asked with, and what hedges or hurries them.
    "actually", "again", "already", "also", "always", "am", "assign", "call", "ever", "exactly",
    "get", "give", "go", "got", "just", "know", "let", "like", "make", "mean", "now", "ok", "only",
    "please", "really", "said", "say", "still", "take", "tell", "think", "too", "use",
    "used", "want", "whether", "yes", "yet",
})  # fmt: skip
_ENDINGS = (
    ("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh"), ("oses", "osis"),
    ("ases", "asis"), ("s", ""),
)  # fmt: skip
_SPELLINGS = (
    (re.compile(r"oe(?=dem|soph|str)"), "e"),
    (re.compile(r"ae(?=m|o|ti|r|c)"), "e"),
    (re.compile(r"our$"), "or"),
    (re.compile(r"is(?=e$|ed$|ing$|ation$)"), "iz"),
    (re.compile(r"(?<=[nb])re$"), "er"),
)
_SHORT = 3


def words(text: str) -> list[str]:
    """The words of a text: lower case, one spelling, singular, without the commonest.

    Numbers stay what they are ("0.50" is 0.5); a sign and its number also count together, so that
    "LR-5", "LR 5" and "lr5" are the same.
    """
    folded = unicodedata.normalize("NFKD", text.lower())
    plain = "".join(c for c in folded if not unicodedata.combining(c))
    found = [_stem(w) for w in _WORD.findall(plain) if w not in _UNSAID]
    joined = [s + n for s, n in _JOINED.findall(plain) if s not in _UNSAID]
    return [*found, *joined]


@lru_cache(maxsize=50_000)
def _stem(word: str) -> str:
    if word[0].isdigit():
        number, unit = re.fullmatch(r"([\d.,]+)([a-z]*)", word).groups()  # type: ignore[union-attr]  # _WORD
        whole, _, rest = number.replace(",", ".").partition(".")
        rest = rest.rstrip("0")
        return f"{whole}.{rest}{unit}" if rest else f"{whole}{unit}"
    if len(word) > _SHORT and not word.endswith(("ss", "us", "is")):
        ending, instead = next(((e, i) for e, i in _ENDINGS if word.endswith(e)), ("", ""))
        word = word.removesuffix(ending) + instead
    for pattern, spelling in _SPELLINGS:
        word = pattern.sub(spelling, word)
    return word
