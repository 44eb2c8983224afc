"""Words that only some may be shown, and who."""

import secrets
from dataclasses import dataclass

# What of a document a canary stands in decides who may see it.
TITLE, PREVIEW, BODY, EDITORS, NOBODY = "title", "preview", "body", "editors", "nobody"
BUYER = "buyer"  # an order: its buyer and whoever may see the money
HOLDER = "holder"  # what a purchase opens: its buyer alone
TEAM = "team"  # whoever may manage the money


@dataclass(frozen=True, slots=True)
class Canary:
    """A word that only those may ever be shown who may see this part of this document."""

    word: str
    document_id: int
    part: str
    where: str


def word() -> str:
    """Eleven letters that nobody guesses and no tokenizer cuts."""
    return "zq" + "".join(secrets.choice("bcdfghjkmnpqrstvwxyz") for _ in range(14))
