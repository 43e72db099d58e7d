"""What is written in the plain form in the tests: words to look for, and a receipt of its own."""

from crypto.receipts import Receipt

CANARY = "KANARI-7391-ពាក្យ"


def written(receipt: Receipt, *more: tuple[str, str]) -> list[tuple[str, str]]:
    return [("receipt", receipt.code), ("consent", "C2"), ("audience", "officials"), ("q-what", CANARY), *more]
