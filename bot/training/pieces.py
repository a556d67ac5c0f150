"""The second stage's tokenizer: the pieces of the base's that folded text of our languages needs.

Folded text is lower-case and without accents, so most of the 250,000 pieces can never occur.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from tokenizers import Tokenizer
from tokenizers.models import Unigram
from tokenizers.pre_tokenizers import Metaspace

from bot.training.base import Base

SPECIAL = 4
"""``<s>``, ``<pad>``, ``</s>`` and ``<unk>`` come first, as in the base."""
_UNKNOWN = 3
_COMMON = 18_000
"""So many of the base's most frequent plain pieces stay even where our texts lack them."""
_SEEN = 2
_PLAIN = re.compile("▁?[a-z]+")
_SHORT = re.compile("▁?[!-~]|▁?[\u2190-\u2bff\U0001f000-\U0001faff]\ufe0f?")
"""Every printable ASCII character and every pictograph of the base, alone or at a word's start."""


def tokenizer(pieces: Sequence[str], chances: Sequence[float]) -> Tokenizer:
    """Cuts folded text into the likeliest pieces (Kudo 2018, "Subword regularization")."""
    vocabulary = list(zip(pieces, chances, strict=True))
    made = Tokenizer(Unigram(vocabulary, unk_id=_UNKNOWN, byte_fallback=False))
    made.pre_tokenizer = Metaspace(replacement="▁", prepend_scheme="always")
    return made


def chosen(base: Base, folded: Sequence[str]) -> list[int]:
    """The base's pieces that stay, in its order: special, short, seen twice, and common ones."""
    seen: Counter[int] = Counter()
    whole = tokenizer(base.pieces, base.chances)
    for at in range(0, len(folded), 4096):
        for one in whole.encode_batch([text[:400] for text in folded[at : at + 4096]]):
            seen.update(one.ids)
    plain = [at for at, piece in enumerate(base.pieces) if _PLAIN.fullmatch(piece)]
    common = sorted(plain, key=lambda at: -base.chances[at])[:_COMMON]
    short = [at for at, piece in enumerate(base.pieces) if _SHORT.fullmatch(piece)]
    often = [at for at, times in seen.items() if times >= _SEEN]
    return sorted({*range(SPECIAL), *common, *short, *often, base.pieces.index("▁")})
