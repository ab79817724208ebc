"""The page's own addresses: sessions, what is brought to them, what is taken away."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import PlainTextResponse

from apps.chat.desk import Desk
from apps.chat.sessions import NoSessionError, Session, SessionStore
from apps.chat.taking import OFFERS, TakeError, take
from apps.chat.uploads import UploadError, receive
from apps.chat.viewer.viewed import Viewed

_TOO_LARGE = 413
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


def session_router(store: SessionStore, desk: Desk) -> APIRouter:
    """Routes under ``/session``.

    Args:
        store: all sessions.
        desk: their conversations.
    """
    router = APIRouter(prefix="/session")

    @router.post("")
    def make(request: Request) -> dict[str, str]:
        return {"session": store.create(request.scope["visitor"]).id}

    @router.put("/{session_id}/files")
    async def put_file(
        request: Request, session_id: str, name: Annotated[str, Query(max_length=2000)]
    ) -> Response:
        session = session_of(store, request, session_id)
        try:
            await receive(
                request.stream(), name, session.arriving, room=desk.room_left(session),
                declared=int(request.headers.get("content-length") or 0),
            )  # fmt: skip
        except UploadError as error:
            return PlainTextResponse(str(error), _TOO_LARGE)
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
