"""Requests are held against Discord's own description; this is how it tells the wrong ones."""

from __future__ import annotations

import pytest

from tests.wire.conform import description, problems
from tests.wire.server import Call


def test_the_description_tells_wrong_requests() -> None:
    if not description().exists():
        pytest.skip(f"{description()} is absent: requests are not held against the description")
    good = Call("POST", "/channels/1/messages", {}, {"content": "x"})
    wrong = [
        Call("POST", "/channels/1/letters", {}, {}),
        Call("PUT", "/channels/1/messages", {}, {}),
        Call("POST", "/channels/1/messages", {"loud": "1"}, {"content": "x"}),
        Call("POST", "/channels/1/messages", {}, {"content": "x" * 4001}),
        Call("GET", "/channels/1/messages", {}, {"content": "x"}),
    ]
    assert list(problems(good)) == []
    assert [len(list(problems(call))) for call in wrong] == [1] * len(wrong)
