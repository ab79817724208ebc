"""The viewer's addresses: who may see, what a browser may keep, what is refused."""

import gzip
import hashlib
from pathlib import Path

import nibabel
import numpy as np
import pytest
from fastapi import FastAPI, HTTPException, Request
from fastapi.testclient import TestClient

from apps.chat.viewer import contents as viewer_contents
from apps.chat.viewer.responses import STATIC
from apps.chat.viewer.routes import viewer_router
from apps.chat.viewer.viewed import Viewed
from dxtrace.clinical import Case, Image, Series, Study
from tests.viewed_phantoms import lesion_session, phantom, straight

VOLUME = "/view/mine/series/0/volume.nii"


def client_of(viewed: Viewed, *, host: str = "127.0.0.1") -> TestClient:
    def find(request: Request, session: str) -> Viewed:
        if session != "mine":
            raise HTTPException(404, "there is no such session")
        if request.headers.get("cookie") == "someone=else":
            raise HTTPException(403, "not yours")
        return viewed

    app = FastAPI()
    app.include_router(viewer_router(find))
    return TestClient(app, client=(host, 50000))


@pytest.fixture
def viewed(tmp_path: Path) -> Viewed:
    return lesion_session(tmp_path, straight())


ADDRESSES = (
    "", "contents.json", "series/0/facts.json", "series/0/volume.nii", "series/0/marks.json",
    "series/0/marks/0.nii",
)  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES)
def test_everything_of_a_session_asks_whose_it_is(viewed: Viewed, address: str) -> None:
    client = client_of(viewed)
    assert client.get(f"/view/mine/{address}").status_code == 200
    assert client.get(f"/view/other/{address}").status_code == 404
    stranger = client.get(f"/view/mine/{address}", headers={"Cookie": "someone=else"})
    assert stranger.status_code == 403
    tag = client.get(f"/view/mine/{address}").headers.get("etag", '"x"')
    held = {"Cookie": "someone=else", "If-None-Match": tag}
    assert client.get(f"/view/mine/{address}", headers=held).status_code == 403


def test_the_page_may_run_and_load_only_what_this_server_sends(viewed: Viewed) -> None:
    page = client_of(viewed).get("/view/mine/")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'self'" in policy
    assert "research use only" in page.text
    assert page.headers["x-content-type-options"] == "nosniff"


def test_voxels_are_those_of_intake_and_come_once(viewed: Viewed) -> None:
    client = client_of(viewed)
    first = client.get(VOLUME)
    assert "content-encoding" not in first.headers  # on this machine, sending is faster
    image = nibabel.Nifti1Image.from_bytes(first.content)
    # The file's slices run to the head; the picture's run to the feet.
    assert np.array_equal(np.asarray(image.dataobj).T[::-1], phantom())
    again = client.get(VOLUME, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert "private" in first.headers["cache-control"]


def test_another_file_of_the_same_name_is_sent_again(viewed: Viewed) -> None:
    client = client_of(viewed)
    tag = client.get(VOLUME).headers["etag"]
    assert viewed.case is not None
    file = viewed.case.studies[0].series[0].images[0].path
    nibabel.save(nibabel.Nifti1Image(np.ones((50, 40, 12), np.int16), np.eye(4)), file)
    again = client.get(VOLUME, headers={"If-None-Match": tag})
    assert again.status_code == 200
    assert again.headers["etag"] != tag


def test_over_a_network_the_volume_comes_compressed(viewed: Viewed) -> None:
    far = client_of(viewed, host="192.0.2.7")
    packed = far.get(VOLUME)
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == client_of(viewed).get(VOLUME).content
    plain = far.get(VOLUME, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers


def test_masks_change_the_tag_of_the_overlays(viewed: Viewed) -> None:
    address = "/view/mine/series/0/marks/0.nii"
    first = client_of(viewed).get(address)
    assert gzip.decompress(gzip.compress(first.content)) == first.content
    held = {"If-None-Match": first.headers["etag"]}
    assert client_of(viewed).get(address, headers=held).status_code == 304
    assert viewed.result is not None
    fewer = viewed.result.model_copy(update={"artifacts": ()})
    without = Viewed(viewed.case, fewer, viewed.files)
    assert client_of(without).get(address, headers=held).status_code == 404


@pytest.mark.parametrize(
    "address", ["series/7/facts.json", "series/-1/volume.nii", "series/0/marks/9.nii"]
)
def test_what_is_not_there_is_said(viewed: Viewed, address: str) -> None:
    answer = client_of(viewed).get(f"/view/mine/{address}")
    assert answer.status_code == 404
    assert "there is no" in answer.json()["detail"]


def test_a_series_too_large_is_refused_before_it_is_read(
    viewed: Viewed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(viewer_contents, "MAX_VIEW_BYTES", 1000)
    client = client_of(viewed)
    (listed,) = client.get("/view/mine/contents.json").json()["series"]
    assert listed["refused"].startswith("too large for the browser")
    answer = client.get(VOLUME)
    assert answer.status_code == 422
    assert "too large for the browser" in answer.json()["detail"]


def test_a_damaged_or_missing_file_is_told_without_its_name(tmp_path: Path) -> None:
    bad = tmp_path / "smith_john.nii"
    bad.write_bytes(b"no image at all")
    series = (
        Series(id="bad", images=(Image(path=bad),)),
        Series(id="gone", images=(Image(path=tmp_path / "jones_mary.dcm"),)),
    )
    case = Case(id="c", studies=(Study(id="s", series=series),))
    client = client_of(Viewed(case, None, tmp_path))
    for number in (0, 1):
        for name in ("facts.json", "volume.nii", "marks.json"):
            answer = client.get(f"/view/mine/series/{number}/{name}")
            assert answer.status_code == 422
            assert "smith" not in answer.text
            assert "jones" not in answer.text


def test_before_a_case_there_is_nothing_to_see(tmp_path: Path) -> None:
    client = client_of(Viewed(None, None, tmp_path))
    assert client.get("/view/mine/").status_code == 200
    assert client.get("/view/mine/contents.json").json() == {"series": [], "findings": []}


@pytest.mark.parametrize(
    "name", ["../routes.py", "%2e%2e/routes.py", "vendor/niivue/LICENSE", "", "viewer.htm", "/etc"]
)
def test_only_the_files_of_the_page_are_served(viewed: Viewed, name: str) -> None:
    assert client_of(viewed).get(f"/view/-/{name}").status_code == 404


def test_the_page_finds_all_that_it_loads(viewed: Viewed) -> None:
    client = client_of(viewed)
    for path in STATIC.rglob("*.js"):
        name = path.relative_to(STATIC).as_posix()
        got = client.get(f"/view/-/{name}")
        assert got.status_code == 200
        assert got.headers["content-type"].startswith("text/javascript")


def test_the_drawing_library_is_the_one_that_its_version_file_names() -> None:
    folder = STATIC / "vendor" / "niivue"
    told = (folder / "VERSION").read_text()
    assert hashlib.sha256((folder / "niivue.umd.js").read_bytes()).hexdigest() in told
    assert "BSD 2-Clause" in (folder / "LICENSE").read_text()


def test_all_that_the_page_loads_is_part_of_the_distribution() -> None:
    import tomllib

    root = STATIC.parents[3]
    config = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = config["tool"]["setuptools"]["package-data"]["apps.chat.viewer"]
    packed = {path for pattern in patterns for path in STATIC.parent.glob(pattern)}
    wanted = {path for path in STATIC.rglob("*") if path.is_file()}
    assert wanted <= packed
    assert {"LICENSE", "VERSION", "niivue.umd.js", "viewer.html"} <= {p.name for p in wanted}
