"""Wrong passwords are counted for each address, and forgotten in time."""

from __future__ import annotations

from apps.chat.attempts import MOST_WRONG, WITHIN_S, WrongPasswords


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_an_address_waits_after_too_many_and_may_try_again_later() -> None:
    clock = Clock()
    wrong = WrongPasswords(clock)
    for _ in range(MOST_WRONG - 1):
        wrong.add("10.0.0.7")
    assert wrong.wait_s("10.0.0.7") == 0
    wrong.add("10.0.0.7")
    assert wrong.wait_s("10.0.0.7") > 0
    assert wrong.wait_s("10.0.0.8") == 0, "others are not kept out"
    clock.now += wrong.wait_s("10.0.0.7")
    assert wrong.wait_s("10.0.0.7") == 0


def test_a_mistake_now_and_then_keeps_nobody_out() -> None:
    clock = Clock()
    wrong = WrongPasswords(clock)
    for _ in range(10 * MOST_WRONG):
        wrong.add("10.0.0.7")
        clock.now += WITHIN_S / MOST_WRONG + 1
        assert wrong.wait_s("10.0.0.7") == 0


def test_the_right_one_wipes_the_slate() -> None:
    wrong = WrongPasswords(Clock())
    for _ in range(MOST_WRONG - 1):
        wrong.add("10.0.0.7")
    wrong.forget("10.0.0.7")
    wrong.add("10.0.0.7")
    assert wrong.wait_s("10.0.0.7") == 0
