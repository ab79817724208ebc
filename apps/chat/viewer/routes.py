"""The viewer's addresses: its page, what there is to see, volumes and masks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import JSONResponse

from apps.chat.viewer.asked_places import asked_places
from apps.chat.viewer.contents import Listed, describe_contents
from apps.chat.viewer.nifti_stream import compressed, nifti_length, nifti_parts
from apps.chat.viewer.pixels import (
    OverlayShelf,
    UnknownSeriesError,
    find_series,
    overlay_tag,
    scene_of,
    volume_tag,
)
from apps.chat.viewer.responses import (
    file_response,
    is_known,
    json_headers,
    pays_to_compress,
    static_files,
    stream,
    unchanged,
)
from apps.chat.viewer.scene import describe_scene
from apps.chat.viewer.viewed import Viewed
from dxtrace.intake import IntakeError

Find = Callable[[Request, str], Viewed]


def viewer_router(find: Find) -> APIRouter:
    """Routes under ``/view/SESSION/``; what belongs to no session lies under ``/view/-/``.

    Args:
        find: gives what a visitor may see of a session; raises ``HTTPException`` (404, 403) if it
            is not there or not theirs. Every request for anything of a session asks it.
    """
    router = APIRouter(prefix="/view")
    _serve_pages(router, find)
    _serve_pixels(router, find)
    _serve_overlays(router, find)
    return router


def _serve_pages(router: APIRouter, find: Find) -> None:
    files = static_files()

    @router.get("/-/{name:path}")
    def static_file(name: str) -> Response:
        if name not in files:
            raise HTTPException(404, "there is no such file")
        return file_response(files[name])

    @router.get("/{session}/")
    def page(request: Request, session: str) -> Response:
        find(request, session)
        return file_response(files["viewer.html"])

    @router.get("/{session}/contents.json")
    def contents(request: Request, session: str) -> Response:
        return JSONResponse(describe_contents(find(request, session)), headers=json_headers())


def _serve_pixels(router: APIRouter, find: Find) -> None:
    @router.get("/{session}/series/{number}/facts.json")
    def facts(request: Request, session: str, number: int) -> Response:
        viewed = find(request, session)
        with _refusals():
            scene = scene_of(find_series(viewed, number))
            return JSONResponse(describe_scene(scene), headers=json_headers())

    @router.get("/{session}/series/{number}/volume.nii")
    def volume(request: Request, session: str, number: int) -> Response:
        viewed = find(request, session)
        with _refusals():
            return _volume(request, find_series(viewed, number))


def _serve_overlays(router: APIRouter, find: Find) -> None:
    shelf = OverlayShelf()

    @router.get("/{session}/series/{number}/marks.json")
    def marks(request: Request, session: str, number: int) -> Response:
        viewed = find(request, session)
        with _refusals():
            listed = find_series(viewed, number)
            overlays = shelf.of(viewed, listed)
        told = {
            "marks": overlays.marks,
            "layers": len(overlays.layers),
            "asked": asked_places(viewed, listed),
        }
        return JSONResponse(told, headers=json_headers())

    @router.get("/{session}/series/{number}/marks/{layer}.nii")
    def label_map(request: Request, session: str, number: int, layer: int) -> Response:
        viewed = find(request, session)
        with _refusals():
            listed = find_series(viewed, number)
            tag = overlay_tag(viewed, listed)
            if is_known(request, tag):
                return unchanged(tag)
            layers = shelf.of(viewed, listed).layers
        if not 0 <= layer < len(layers):
            raise HTTPException(404, f"there is no layer {layer}")
        return stream([layers[layer]], tag)


@contextmanager
def _refusals() -> Iterator[None]:
    """What cannot be shown is told in words; a file's name is no part of them."""
    try:
        yield
    except UnknownSeriesError as error:
        raise HTTPException(404, str(error)) from None
    except IntakeError as error:
        raise HTTPException(422, error.reason) from None


def _volume(request: Request, listed: Listed) -> Response:
    tag = volume_tag(listed)
    if is_known(request, tag):
        return unchanged(tag)
    scene = scene_of(listed)
    voxels = scene.shown()
    is_colour = scene.volume.is_colour
    parts = nifti_parts(
        voxels, scene.geometry(), is_flat=not scene.grid.is_volume, is_colour=is_colour
    )
    if pays_to_compress(request):
        return stream(compressed(parts), tag)
    return stream(parts, tag, length=nifti_length(voxels, is_colour=is_colour))
