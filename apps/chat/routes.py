"""The page's own addresses: sessions, what is brought to them, what is taken away."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.exception_handlers import http_exception_handler
from fastapi.responses import PlainTextResponse

from apps.chat.desk import Desk
from apps.chat.refusals import UploadError, disk_words
from apps.chat.sessions import NoSessionError, Session, SessionStore
from apps.chat.taking import OFFERS, TakeError, take
from apps.chat.uploads import empty, receive
from apps.chat.viewer.viewed import Viewed

_TOO_LARGE = 413
_NO_STORAGE = 507
_GONE = "There is no such session here: it was removed, or it is another visitor's."


def session_of(store: SessionStore, request: Request, session_id: str) -> Session:
    """The session of the visitor who asks.

    Raises:
        HTTPException: 404 if it is not there or not theirs.
    """
    try:
        return store.open(session_id, request.scope["visitor"])
    except NoSessionError:
        raise HTTPException(404, _GONE) from None


def viewed(store: SessionStore, desk: Desk, request: Request, session_id: str) -> Viewed:
    """What the viewer may show of a session.

    Raises:
        HTTPException: 404 if it is not there or not the visitor's.
    """
    session = session_of(store, request, session_id)
    conversation = desk.conversation(session)
    return Viewed(conversation.case, conversation.result, session.output)


async def plain_refusal(request: Request, error: HTTPException) -> Response:
    """Refusals of our own addresses are words for a visitor, not data."""
    if request.url.path.startswith("/session"):
        return PlainTextResponse(error.detail, error.status_code)
    return await http_exception_handler(request, error)


async def _receive(request: Request, session: Session, name: str, desk: Desk) -> Response:
    declared = int(request.headers.get("content-length") or 0)
    try:
        with desk.rooms.receiving(session) as hold:
            await receive(request.stream(), name, session.arriving, hold=hold, declared=declared)
    except UploadError as error:
        return PlainTextResponse(str(error), _TOO_LARGE)
    except FileNotFoundError:
        return PlainTextResponse(_GONE, 404)
    except OSError as error:
        return PlainTextResponse(disk_words(error), _NO_STORAGE)
    return Response(status_code=204)


def session_router(store: SessionStore, desk: Desk) -> APIRouter:
    """Routes under ``/session``.

    Args:
        store: all sessions.
        desk: their conversations.
    """
    router = APIRouter(prefix="/session")

    @router.post("")
    def make(request: Request) -> dict[str, str]:
        try:
            return {"session": store.create(request.scope["visitor"]).id}
        except OSError as error:
            raise HTTPException(_NO_STORAGE, disk_words(error)) from None

    @router.put("/{session_id}/files")
    async def put_file(
        request: Request, session_id: str, name: Annotated[str, Query(max_length=2000)]
    ) -> Response:
        return await _receive(request, session_of(store, request, session_id), name, desk)

    @router.delete("/{session_id}/files")
    def forget_files(request: Request, session_id: str) -> Response:
        session = session_of(store, request, session_id)
        empty(session.arriving)
        desk.rooms.recount(session)
        return Response(status_code=204)

    @router.delete("/{session_id}")
    def remove(request: Request, session_id: str) -> Response:
        session = session_of(store, request, session_id)
        desk.forget(session)
        store.remove(session)
        return Response(status_code=204)

    @router.get("/{session_id}/take/{kind}")
    def take_away(request: Request, session_id: str, kind: str) -> Response:
        session = session_of(store, request, session_id)
        if kind not in OFFERS:
            raise HTTPException(404, "There is nothing of that kind to take away.")
        try:
            taken = take(kind, desk.conversation(session))
        except TakeError as error:
            raise HTTPException(409, str(error)) from None
        return Response(
            taken.content, media_type=taken.media_type,
            headers={"content-disposition": f'attachment; filename="{taken.name}"'},
        )  # fmt: skip

    return router
