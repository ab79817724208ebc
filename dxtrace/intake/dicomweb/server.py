"""A DICOMweb server: listed and fetched with limits, and no other host is ever asked."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from dxtrace.intake.dicomweb.queries import FoundStudy, StudyQuery, listed_studies, value_of
from dxtrace.intake.errors import IntakeError
from dxtrace.intake.limits import IntakeLimits

if TYPE_CHECKING:
    import requests
    from dicomweb_client.api import DICOMwebClient
    from pydicom import Dataset

_TIMEOUT_S = (10.0, 120.0)
_ATTEMPTS, _WAIT_MS = 3, 250
_PAGE = 50
_MOST_PAGES = 10_000
_AS_STORED = (("application/dicom", "*"),)
_REFUSED = frozenset((401, 403))
_SERIES_UID, _OBJECT_UID, _MODALITY = "0020000E", "00080018", "00080060"
_LISTED = ("PatientID", "StudyDate")


class PacsError(IntakeError):
    """The archive cannot be used at all: it is not there, or it refuses who asks."""


class PacsSettings(BaseSettings):
    """Who asks. Never options of a command: those can be seen by others of the machine.

    Attributes:
        user: name for HTTP basic authentication (``DXTRACE_PACS_USER``).
        password: its password (``DXTRACE_PACS_PASSWORD``).
        token: a bearer token instead (``DXTRACE_PACS_TOKEN``).
    """

    model_config = SettingsConfigDict(env_prefix="DXTRACE_PACS_", frozen=True, extra="ignore")

    user: str = ""
    password: SecretStr = SecretStr("")
    token: SecretStr = SecretStr("")


class DicomWebServer:
    """An archive that speaks DICOMweb.

    Args:
        url: its root, such as ``https://pacs.example/dicom-web``.
        limits: what is accepted; no answer may be longer than a series may be.
        settings: who asks.

    Raises:
        PacsError: if the URL is none, or the library is not installed.
    """

    def __init__(
        self, url: str, limits: IntakeLimits, settings: PacsSettings | None = None
    ) -> None:
        self.host = _checked_host(url)
        try:
            from dicomweb_client.api import DICOMwebClient
        except ImportError:
            raise PacsError(
                "reading from a PACS needs dicomweb-client: pip install 'dxtrace[pacs]'"
            ) from None
        session = _session(url, limits.max_image_bytes, settings or PacsSettings())
        self._client: DICOMwebClient = DICOMwebClient(
            url.rstrip("/"), session=session, timeout=_TIMEOUT_S
        )
        # The library tries again whatever was wrong, five times in half a minute by default.
        self._client.set_http_retry_params(
            max_attempts=_ATTEMPTS, wait_exponential_multiplier=_WAIT_MS
        )

    # -- what there is -----------------------------------------------------------------------

    def studies(self, query: StudyQuery) -> Iterator[FoundStudy]:
        """The studies that match, each once, page by page.

        Raises:
            PacsError: if the archive cannot be asked.
            IntakeError: if it answers with something else.
        """
        seen: set[str] = set()
        for page in range(_MOST_PAGES):
            with _asking():
                answer = self._client.search_for_studies(
                    limit=_PAGE, offset=page * _PAGE, fields=list(_LISTED),
                    search_filters=dict(query.filters),
                )  # fmt: skip
            new = [s for s in listed_studies(answer) if s.uid not in seen]
            if not new:  # at the end, or a server that knows no pages
                return
            seen.update(s.uid for s in new)
            yield from new

    def series(self, study: FoundStudy) -> dict[str, str]:
        """The series of a study: UID to modality; empty where the archive names none.

        Raises:
            PacsError: if the archive cannot be asked.
            IntakeError: if it answers with something else.
        """
        with _asking():
            answer = self._client.search_for_series(study.uid)
        found = {value_of(s, _SERIES_UID): value_of(s, _MODALITY).upper() for s in answer}
        found.pop("", None)
        return found

    # -- fetching ----------------------------------------------------------------------------

    def objects(self, study: FoundStudy, series: str, most: int | None) -> Iterator[Dataset]:
        """The objects of a series, as they are stored.

        Args:
            study: the study.
            series: SeriesInstanceUID.
            most: how many at most; None for the whole series, in one answer.

        Raises:
            PacsError: if the archive cannot be asked.
            IntakeError: if it answers with something else, or with more than is accepted.
        """
        if most is None:
            with _asking():
                yield from self._client.iter_series(study.uid, series, media_types=_AS_STORED)
            return
        with _asking():
            listed = self._client.search_for_instances(study.uid, series, limit=most)
            uids = [uid for each in listed[:most] if (uid := value_of(each, _OBJECT_UID))]
            for uid in uids:
                yield self._client.retrieve_instance(study.uid, series, uid, media_types=_AS_STORED)


def _checked_host(url: str) -> str:
    """The host and port of a URL.

    Raises:
        PacsError: if it is no web address, or carries a password.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise PacsError(f"--pacs: expected an address such as https://pacs/dicom-web, got {url!r}")
    if parts.username or parts.password:
        raise PacsError(
            "--pacs: a password in an address is seen by others: set DXTRACE_PACS_USER and "
            "DXTRACE_PACS_PASSWORD, or DXTRACE_PACS_TOKEN"
        )
    if parts.query or parts.fragment:
        raise PacsError("--pacs: expected the root of the server; what is wanted goes to --query")
    return parts.netloc


def _session(url: str, most_bytes: int, settings: PacsSettings) -> requests.Session:
    """A session that reaches the named host and no other, whatever a server redirects to."""
    import requests
    from requests.adapters import HTTPAdapter

    parts = urlsplit(url)
    session = requests.Session()
    session.adapters.clear()
    session.mount(f"{parts.scheme}://{parts.netloc}/", HTTPAdapter())
    session.hooks = {"response": [lambda response, **_: _bounded(response, most_bytes)]}
    token = settings.token.get_secret_value()
    if token:
        session.headers["Authorization"] = f"Bearer {token}"
    elif settings.user:
        session.auth = (settings.user, settings.password.get_secret_value())
    return session


def _bounded(response: requests.Response, most: int) -> requests.Response:
    response.raw = _Bounded(response.raw, most)
    return response


class _Bounded:
    """A body that ends with an error where it becomes too long.

    Args:
        raw: the body as urllib3 has it.
        most: bytes.
    """

    def __init__(self, raw: Any, most: int) -> None:
        self._raw, self._most = raw, most

    def stream(self, amount: int, decode_content: bool | None = None) -> Iterator[bytes]:
        """The body in pieces."""
        total = 0
        for piece in self._raw.stream(amount, decode_content=decode_content):
            total += len(piece)
            if total > self._most:
                self._raw.close()
                raise IntakeError(f"expected an answer of at most {self._most:,} bytes, got more")
            yield piece

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)


@contextlib.contextmanager
def _asking() -> Iterator[None]:
    """Whatever goes wrong on the way, in words that quote no address and no patient."""
    import requests
    from retrying import RetryError

    from dxtrace.intake.imaging.dicom_dataset import DAMAGE, quiet_pydicom

    try:
        with quiet_pydicom():
            yield
    except IntakeError:
        raise
    except requests.HTTPError as error:
        status = error.response.status_code if error.response is not None else 0
        if status in _REFUSED:
            raise PacsError(
                f"the archive refuses who asks (HTTP {status}): DXTRACE_PACS_USER and "
                f"DXTRACE_PACS_PASSWORD, or DXTRACE_PACS_TOKEN"
            ) from None
        raise IntakeError(f"the archive answers HTTP {status}") from None
    except requests.exceptions.InvalidSchema:
        raise IntakeError("the archive sends to another host, which is not asked") from None
    except (requests.ConnectionError, requests.Timeout, RetryError) as error:
        reason = re.sub(r"\(.*", "", str(error)).strip() or type(error).__name__
        raise PacsError(f"the archive cannot be reached: {reason}") from None
    except (requests.RequestException, *DAMAGE):
        raise IntakeError("the archive answers with something that is not DICOMweb") from None
