"""Visitors of the chat page without a browser: they send what a browser would send."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import shutil
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

EXAMPLE = Path(__file__).parents[1] / "examples" / "nodule-ct"
_AS_LONG_AS_IT_TAKES = httpx.Timeout(None)


def case_of(visitor: int, folder: Path) -> Path:
    """The example with a patient of another age: nothing that was found before is used again."""
    case = folder / f"visitor-{visitor}"
    shutil.copytree(EXAMPLE, case)
    described = case / "case.yaml"
    text = described.read_text(encoding="utf-8")
    described.write_text(re.sub(r"age: \d+", f"age: {40 + visitor}", text), encoding="utf-8")
    return case


@dataclass
class Visitor:
    """Somebody at the page.

    Attributes:
        client: with the visitor's cookie.
        functions: numbers of what the page does when it is clicked, and when it is asked.
        session: the session's name, once there is one.
    """

    client: httpx.AsyncClient
    functions: dict[str, int]
    session: str = ""

    @classmethod
    async def come(cls, address: str) -> Visitor:
        """Open the page."""
        client = httpx.AsyncClient(base_url=address, timeout=_AS_LONG_AS_IT_TAKES)
        (await client.get("/")).raise_for_status()
        config = (await client.get("/config")).json()
        named = {d["api_name"]: d["id"] for d in config["dependencies"] if d.get("api_name")}
        return cls(client, {"clicked": named["_clicked"], "asked": named["_asked"]})

    async def bring(self, case: Path) -> str:
        """Send the files of a case; the page after its answer."""
        self.session = (await self.client.post("/session")).json()["session"]
        for path in sorted(p for p in case.rglob("*") if p.is_file()):
            name = {"name": str(path.relative_to(case.parent))}
            sent = await self.client.put(
                f"/session/{self.session}/files", params=name, content=path.read_bytes()
            )
            sent.raise_for_status()
        event = {"act": "brought", "session": self.session, "question": ""}
        return await self._page_after("clicked", ["", ""], event)

    async def look(self) -> int:
        """Load what the viewer shows; gives its bytes."""
        root = f"/view/{self.session}"
        contents = (await self.client.get(f"{root}/contents.json")).json()
        held = 0
        for series in contents["series"]:
            at = f"{root}/series/{series['number']}"
            for part in ("facts.json", "volume.nii", "marks.json", "marks/0.nii"):
                held += len((await self.client.get(f"{at}/{part}")).raise_for_status().content)
        return held

    async def ask(self, question: str) -> str:
        """Ask further; the page after its answer."""
        return await self._page_after("asked", [self.session, question], None)

    async def leave(self) -> None:
        """Close the page."""
        await self.client.aclose()

    async def _page_after(self, what: str, data: list[str], event: Any) -> str:
        name = secrets.token_hex(6)
        asked = {
            "data": data, "event_data": event, "fn_index": self.functions[what],
            "session_hash": name,
        }  # fmt: skip
        joined = await self.client.post("/gradio_api/queue/join", json=asked)
        joined.raise_for_status()
        last = ""
        async for message in self._messages(name):
            last = json.dumps(message.get("output", {})) if "output" in message else last
            if message["msg"] == "process_completed":
                break
        return last

    async def _messages(self, name: str) -> AsyncIterator[dict[str, Any]]:
        query = {"session_hash": name}
        async with self.client.stream("GET", "/gradio_api/queue/data", params=query) as stream:
            async for line in stream.aiter_lines():
                if line.startswith("data:"):
                    yield json.loads(line.removeprefix("data:"))


async def visit_at_once(
    address: str, visitors: int, folder: Path
) -> tuple[list[float], list[float]]:
    """Let visitors bring the example, look at it and ask further, all at the same time.

    Returns:
        Seconds to the first and to the second answer of each.
    """
    cases = [case_of(number, folder) for number in range(visitors)]
    there = [await Visitor.come(address) for _ in cases]
    started = time.perf_counter()

    async def one(visitor: Visitor, case: Path) -> tuple[float, float]:
        _expect("dx-answer", await visitor.bring(case))
        first = time.perf_counter() - started
        await visitor.look()
        _expect("Turn 2", await visitor.ask("Is there a pleural effusion?"))
        await visitor.leave()
        return first, time.perf_counter() - started

    taken = await asyncio.gather(*map(one, there, cases))
    firsts, seconds = zip(*taken, strict=True)
    return list(firsts), list(seconds)


def _expect(words: str, page: str) -> None:
    if words not in page:
        raise SystemExit(f"expected {words!r} on the page, got {page[:300]}")
