"""The page: Gradio blocks over the views, and what a click does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import gradio as gr
from fastapi import FastAPI

from apps.chat.acting import Actions
from apps.chat.conversation import Conversation
from apps.chat.desk import Desk
from apps.chat.refusals import NotNowError, disk_words
from apps.chat.sessions import NoSessionError, Session, SessionStore
from apps.chat.views.bringing import show_bringing
from apps.chat.views.environment import render, wiring
from apps.chat.views.findings import show_findings
from apps.chat.views.frame import show_frame
from apps.chat.views.panels import show_evidence, show_settings, show_taking
from apps.chat.views.talk import show_running, show_talk

if TYPE_CHECKING:
    from gradio.components import Component

log = logging.getLogger(__name__)
_GONE = "This session is not here any more: it was removed, or it is another visitor's."
_BEGINNING = ("new", "remove", "example", "paste", "settings")
"""What a visitor can do without a session, or after it has gone."""
_FROM_ADDRESS = "() => [new URLSearchParams(location.search).get('session') || '']"
_TO_ADDRESS = """(id) => {
  const wanted = id ? '?session=' + encodeURIComponent(id) : location.pathname;
  if (location.search !== wanted) history.replaceState(null, '', wanted);
}"""
_FONTS = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "Arial", "sans-serif"]
Updates = dict[Any, Any]


class Page:
    """The components of the page, and what fills them.

    Args:
        store: all sessions.
        desk: their conversations.
    """

    def __init__(self, store: SessionStore, desk: Desk) -> None:
        self._store, self._desk = store, desk
        self._actions = Actions(store, desk)
        self.blocks = gr.Blocks(
            title="DxTrace", analytics_enabled=False, fill_width=True, elem_id="dxtrace"
        )
        with self.blocks:
            self._lay_out()
            self._listen()
        self.blocks.queue(default_concurrency_limit=None, api_open=False)

    # -- layout ------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        _view(render("head.html.j2"), "dx-head")
        self.session = gr.Textbox(visible="hidden", elem_id="dx-session", label="Session")
        with gr.Row(elem_id="dx-columns"):
            with gr.Column(scale=5, min_width=320, elem_id="dx-main"):
                self.bringing = _view("", "dx-bringing")
                self.frame = _view("", "dx-frame")
                self.talk = _view("", "dx-talk")
                self.running = _view("", "dx-running")
                self._lay_out_asking()
            with (
                gr.Column(scale=3, min_width=320, elem_id="dx-side"),
                gr.Tabs(overflow_behavior="wrap"),
            ):
                with gr.Tab("Findings", elem_id="dx-tab-findings"):
                    self.findings = _view("", "dx-findings")
                with gr.Tab("Evidence", elem_id="dx-tab-evidence"):
                    self.evidence = _view("", "dx-evidence")
                with gr.Tab("Take away", elem_id="dx-tab-taking"):
                    self.taking = _view("", "dx-taking")
                with gr.Tab("Settings", elem_id="dx-tab-settings"):
                    self.settings = _view("", "dx-settings")

    def _lay_out_asking(self) -> None:
        with gr.Row(elem_id="dx-asking"):
            self.question = gr.Textbox(
                label="Question", lines=1, max_lines=6, scale=6, elem_id="dx-question",
                placeholder="Is there a pleural effusion?",
                max_length=4000,
            )  # fmt: skip
            self.ask = gr.Button("Ask", variant="primary", scale=1, min_width=80, elem_id="dx-ask")
            self.stop = gr.Button(
                "Stop", scale=1, min_width=80, elem_id="dx-stop", interactive=False
            )

    @property
    def _outputs(self) -> list[Component]:
        return [
            self.session, self.bringing, self.frame, self.talk, self.running, self.question,
            self.stop, self.findings, self.evidence, self.taking, self.settings,
        ]  # fmt: skip

    def _listen(self) -> None:
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        many: dict[str, Any] = {**quiet, "trigger_mode": "multiple"}
        self.blocks.load(self._opened, self.session, self._outputs, js=_FROM_ADDRESS, **quiet)
        self.session.change(None, self.session, None, js=_TO_ADDRESS, **quiet)
        views = (self.bringing, self.talk, self.findings, self.evidence, self.settings, self.frame)
        for view in views:
            view.click(self._clicked, [self.session, self.question], self._outputs, **many)
        asked = [self.ask.click, self.question.submit]
        for event in asked:
            event(self._asked, [self.session, self.question], self._outputs, **quiet)
        self.stop.click(self._stopped, self.session, None, **many)

    # -- what visitors do --------------------------------------------------------------------

    async def _opened(self, session_id: str, request: gr.Request) -> AsyncIterator[Updates]:
        """The page was opened or reloaded: show the session, and follow what runs in it."""
        session = self._found(session_id, request)
        notice = _GONE if session_id and not session else ""
        try:
            if session is not None:
                self._desk.conversation(session).go_on()
        except (NoSessionError, OSError) as error:
            notice = disk_words(error) if isinstance(error, OSError) else _GONE
        async for updates in self._follow(session, notice):
            yield updates

    async def _asked(
        self, session_id: str, question: str, request: gr.Request
    ) -> AsyncIterator[Updates]:
        async for updates in self._act("ask", session_id, {"words": question}, request):
            yield updates

    async def _clicked(
        self, session_id: str, question: str, event: gr.EventData, request: gr.Request
    ) -> AsyncIterator[Updates]:
        data = {"question": question, **_plain(event)}
        wanted = str(data.get("session") or session_id)
        async for updates in self._act(str(data.get("act", "")), wanted, data, request):
            yield updates

    def _stopped(self, session_id: str, request: gr.Request) -> None:
        session = self._found(session_id, request)
        if session is not None:
            self._desk.conversation(session).stop()

    async def _act(
        self, name: str, session_id: str, data: dict[str, Any], request: gr.Request
    ) -> AsyncIterator[Updates]:
        """Do what was clicked, then show what comes of it."""
        notice, where = "", name
        session = self._found(session_id, request)
        if session_id and session is None and name not in _BEGINNING:
            async for updates in self._follow(None, _GONE):
                yield updates
            return
        try:
            session = await asyncio.to_thread(
                self._actions.do, name, session, _visitor(request), data
            )
        except NotNowError as error:
            notice = str(error)
        except NoSessionError:
            session, notice, where = None, _GONE, "open"
        except OSError as error:
            log.warning("%s failed: %s", name, type(error).__name__)
            notice = disk_words(error)
        except Exception as error:  # noqa: BLE001 - a page must survive whatever was clicked
            log.warning("%s failed: %s", name, type(error).__name__)
            notice = f"That did not work: {type(error).__name__}."
        async for updates in self._follow(session, notice, where, clear=name == "ask"):
            yield updates

    def _found(self, session_id: str, request: gr.Request) -> Session | None:
        try:
            return self._store.open(session_id, _visitor(request)) if session_id else None
        except NoSessionError:
            return None

    # -- what they see -----------------------------------------------------------------------

    async def _follow(
        self, session: Session | None, notice: str = "", where: str = "", *, clear: bool = False
    ) -> AsyncIterator[Updates]:
        """Everything, then what runs as it moves on, then everything again."""
        try:
            conversation = self._desk.conversation(session) if session else None
        except NoSessionError:
            conversation, notice = None, _GONE
        everything = await self._drawn(conversation, notice, where)
        if clear and not notice:
            everything[self.question] = ""
        yield everything
        if conversation is None or not conversation.is_at_work:
            return
        async for _ in conversation.bell.rings():
            if not conversation.is_at_work:
                break
            yield {self.running: show_running(conversation)}
        if not conversation.session.folder.is_dir():
            yield await self._drawn(None, _GONE)
            return
        yield await self._drawn(conversation)

    async def _drawn(
        self, conversation: Conversation | None, notice: str = "", where: str = ""
    ) -> Updates:
        """Everything; what cannot be drawn is said, and the log quotes nothing of a case."""
        try:
            return await asyncio.to_thread(self._everything, conversation, notice, where)
        except Exception as error:  # noqa: BLE001 - its message may quote the case
            log.warning("the page cannot be drawn: %s", type(error).__name__)
            words = f"This cannot be shown: {type(error).__name__}. What was found is kept."
            return {self.talk: show_talk(None, words), self.running: ""}

    def _everything(
        self, conversation: Conversation | None, notice: str = "", where: str = ""
    ) -> Updates:
        options, works = self._desk.options, conversation is not None and conversation.is_at_work
        on_findings, on_settings = where == "correct", where == "settings"
        on_talk = where in ("ask", "reply", "prompt", "translate")
        elsewhere = "" if on_findings or on_settings or on_talk else notice
        return {
            self.session: conversation.session.id if conversation else "",
            self.bringing: show_bringing(conversation, options, elsewhere),
            self.frame: show_frame(conversation),
            self.talk: show_talk(conversation, notice if on_talk else ""),
            self.running: show_running(conversation),
            self.stop: gr.Button(interactive=works),
            self.findings: show_findings(conversation, notice if on_findings else ""),
            self.evidence: show_evidence(conversation),
            self.taking: show_taking(conversation),
            self.settings: show_settings(
                conversation,
                options,
                notice if on_settings else "",
                is_saved=on_settings and not notice,
            ),
        }


def mount_page(app: FastAPI, store: SessionStore, desk: Desk) -> None:
    """Mount the page at ``/``.

    Args:
        app: the application; its other routes come first.
        store: all sessions.
        desk: their conversations.
    """
    theme = gr.themes.Base(
        primary_hue="teal", neutral_hue="gray", radius_size="sm", spacing_size="sm",
        font=_FONTS, font_mono=["ui-monospace", "Menlo", "Consolas", "monospace"],
    )  # fmt: skip
    gr.mount_gradio_app(
        app, Page(store, desk).blocks, path="/", theme=theme, footer_links=[],
        run_history=False, show_error=False, enable_monitoring=False, pwa=False, ssr_mode=False,
        mcp_server=False, allowed_paths=[], blocked_paths=[str(desk.options.state)],
    )  # fmt: skip


def _view(value: str, elem_id: str) -> gr.HTML:
    return gr.HTML(value, elem_id=elem_id, js_on_load=wiring(), apply_default_css=False)


def _visitor(request: gr.Request) -> str:
    """Who asks: the guard has told it."""
    starlette = request.request
    return str(starlette.scope.get("visitor", "")) if starlette is not None else ""


def _plain(event: gr.EventData) -> dict[str, Any]:
    """What the page's script sent with a click; anything else is nothing."""
    data = event._data  # noqa: SLF001 - the library gives no other way to all of it
    return data if isinstance(data, dict) else {}
