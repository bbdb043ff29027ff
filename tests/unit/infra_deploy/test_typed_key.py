"""What is taken for a key, and that no refusal shows a part of it."""

from __future__ import annotations

import io
import string
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.deploy.errors import DeployError
from infra.deploy.typed_key import checked, read_key

SIGNS = string.ascii_letters + string.digits + string.punctuation
CANARY = "canary-5f2a"
keys = st.text(alphabet=SIGNS, min_size=1, max_size=200)


@given(key=keys, end=st.sampled_from(["", "\n", "\r\n", "\r"]))
def test_key_is_what_was_typed_without_one_end_of_a_line(key: str, end: str) -> None:
    assert checked(key + end) == key


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "no key was given"),
        ("\n", "no key was given"),
        (f"{CANARY}\nmore\n", "several lines"),
        (f"{CANARY}\n\n", "several lines"),
        (f"{CANARY}\rmore", "several lines"),
        (f" {CANARY}\n", "begins or ends with a blank"),
        (f"{CANARY} \n", "begins or ends with a blank"),
        (f"{CANARY}\x00more\n", "no plain letter"),
        (f"{CANARY}\x7f\n", "no plain letter"),
        (f"{CANARY}é\n", "no plain letter"),
        (CANARY * 1000, "4096 characters at most"),
    ],
)
def test_what_can_be_no_key_is_refused_without_showing_it(typed: str, said: str) -> None:
    with pytest.raises(DeployError, match=said) as refused:
        checked(typed)
    assert CANARY not in str(refused.value)
    assert "nothing was changed" in str(refused.value)


def test_blanks_within_a_key_and_a_longest_one_are_taken() -> None:
    assert checked("two words\n") == "two words"
    assert checked("a" * 4096 + "\r\n") == "a" * 4096


@pytest.mark.parametrize("size", [0, 1, 4096, 4097, 4098, 100_000])
def test_no_more_than_a_longest_key_is_read_of_a_file(
    monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a" * size)))
    if 0 < size <= 4096:
        assert read_key("weather_api") == "a" * size
    else:
        with pytest.raises(DeployError):
            read_key("weather_api")
    left = len(sys.stdin.buffer.read())
    assert left == max(0, size - 4099)


def test_bytes_that_are_no_text_are_refused_without_a_trace_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(CANARY.encode() + b"\xff\xfe")))
    with pytest.raises(DeployError) as refused:
        read_key("weather_api")
    assert CANARY not in str(refused.value)
    assert refused.value.__cause__ is None
