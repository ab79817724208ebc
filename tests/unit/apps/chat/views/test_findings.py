"""The findings as the page shows them."""

import yaml

from apps.chat.desk import Desk
from apps.chat.sessions import SessionStore
from apps.chat.views.findings import show_findings
from tests.processes import wait_until
from tests.unit.apps.chat.conftest import VISITOR

NODULE = {"concept": "pulmonary_nodule", "presence": "present"}


def test_a_finding_that_is_called_as_its_lesion_is_named_once(
    store: SessionStore, desk: Desk
) -> None:
    session = store.create(VISITOR)
    findings = [{**NODULE, "id": "n_1", "lesion": "n_1"}, {**NODULE, "id": "n_2", "lesion": "big"}]
    written = yaml.safe_dump({"id": "c", "findings": findings})
    (session.arriving / "case.yaml").write_text(written)
    conversation = desk.conversation(session)
    conversation.bring()
    wait_until(lambda: conversation.running is None, "the turn ends")
    shown = show_findings(conversation)
    assert "<small>n_1</small>" in shown
    assert "<small>n_2, big</small>" in shown
