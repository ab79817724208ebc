"""The viewer's addresses: its page, what there is to see, volumes and masks."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Request

from apps.chat.viewer.viewed import Viewed

Find = Callable[[Request, str], Viewed]


def viewer_router(find: Find) -> APIRouter:
    """Routes under ``/view/SESSION/``.

    Args:
        find: gives what a visitor may see of a session; raises ``HTTPException`` (404, 403) if it
            is not there or not theirs. Every request for anything of a session asks it.
    """
    router = APIRouter(prefix="/view")

    @router.get("/{session}/")
    def page(request: Request, session: str) -> dict[str, bool]:
        return {"has_case": find(request, session).case is not None}

    return router
