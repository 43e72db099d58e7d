"""Vectors of the container (F2.1 to F2.5)."""

from __future__ import annotations

import hashlib
from typing import Any

from tests.vectors.collection import Collection
from tests.vectors.world import report_document, spelled

REPORT, FILE = spelled(report_document()), b"hello\n"
P = 1 << 16
NAMES = ["report.json", *(f"files/{number:03}" for number in range(1, 100))]
FIRST_FILE, FIRST_CONTENT = 0x600, 0x800  # offsets in the container of Appendix A
SHA256 = "5a525b2e47cb2b9a162c22491532d8af2009706a126ad8f9553a7c2b4d1ea321"


def header(name: str, size: int, **fields: Any) -> bytes:
    """Return a ustar header written here by hand, with fields of F2.2 changed: {offset: bytes}, and a checksum that fits."""
    block = bytearray(512)
    fixed = {0: name.encode(), 100: b"0000600", 108: b"0000000", 116: b"0000000", 124: b"%011o" % size, 136: b"00000000000"}
    fixed |= {156: b"0", 257: b"ustar\x0000"}
    for at, content in (fixed | fields.get("changed", {})).items():
        block[at : at + len(content)] = content
    block[148:156] = b"        "
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def member(name: str, content: bytes, **fields: Any) -> bytes:
    """Return header, content and padding of one member."""
    return header(name, len(content), **fields) + content + bytes(-len(content) % 512)


def padded(*members: bytes, size: int = P) -> bytes:
    """Return members padded to a size."""
    return b"".join(members).ljust(size, b"\0")


def collection() -> Collection:
    """Return the vectors of `container.json`."""
    made = Collection("container", "The plaintext of a sealed report: a tar of which every byte follows from its content.")
    whole = padded(member("report.json", REPORT), member("files/001", FILE))
    if hashlib.sha256(whole).hexdigest() != SHA256:
        raise ValueError("This is not the container of Appendix A.")
    made.base("container", whole)
    made.base("hundred", padded(*(member(name, b"") for name in NAMES)))
    _accepted(made)
    _headers(made, whole)
    _members(made, whole)
    _padding(made, whole)
    _sizes(made)
    return made


def _accepted(made: Collection) -> None:
    cases: dict[str, tuple[bytes, list[bytes], int]] = {
        "appendix-a": (REPORT, [FILE], 24),
        "no-files": (b"{}", [], 16),
        "empty-report": (b"", [], 16),
        "empty-files": (b"{}", [b"", b""], 24),
        "exact-block": (b"x" * 512, [b"y" * 1024, b"z" * 513], 24),
        "zeros-inside": (bytes(1024), [bytes(513)], 24),
        "tar-inside": (b"{}", [header("files/002", 0), header("report.json", 2)], 24),
        "ninety-nine-files": (b"", [b""] * 99, 24),
        "full": (bytes(P - 1024 - 512), [], 24),
        "one-more-than-full": (bytes(P - 1024 - 511), [], 24),
        "full-with-file": (b"{}", [bytes(P - 1024 - 3 * 512)], 16),
    }
    for name, (report, files, max_k) in cases.items():
        content = b"".join(member(name, each) for name, each in zip(NAMES, [report, *files], strict=False))
        size = P
        while size < len(content) + 1024:
            size *= 2
        container = padded(content, size=size)
        given = {"container": container, "max_k": max_k}
        made.passes(name, "unpack", "F2.5", given, {"report": report, "files": files})
        made.passes(f"pack-{name}", "pack", "F2.4", {"report": report, "files": files, "max_k": max_k}, {"container": container})


def _headers(made: Collection, whole: bytes) -> None:
    changed: dict[str, dict[int, bytes]] = {
        "mode": {100: b"0000644"},
        "uid": {108: b"0001750"},
        "gid": {116: b"0001750"},
        "time": {136: b"14712345670"},
        "type-nul": {156: b"\0"},
        "type-link": {156: b"2", 157: b"/etc/passwd"},
        "type-directory": {156: b"5"},
        "type-pax": {156: b"x"},
        "link-name": {157: b"a"},
        "magic-gnu": {257: b"ustar  \0"},
        "version": {263: b"01"},
        "user-name": {265: b"root"},
        "group-name": {297: b"root"},
        "device": {329: b"0000000"},
        "prefix": {345: b"files"},
        "last-byte": {511: b"\1"},
        "name-other": {0: b"a.txt\0\0\0\0"},
        "name-slash": {0: b"/files/001"},
        "name-dots": {0: b"../../../x"},
        "name-number-wrong": {0: b"files/002"},
        "name-number-short": {0: b"files/1\0\0"},
        "name-trailing": {10: b"x"},
        "size-space-end": {124: b"0000000006 "},
        "size-leading-space": {124: b"          6"},
        "size-digit-8": {124: b"00000000008"},
        "size-sign": {124: b"+0000000006"},
        "size-base-256": {124: b"\x80\0\0\0\0\0\0\0\0\0\0\x06"},
        "size-end-not-nul": {135: b" "},
        "size-empty": {124: bytes(11)},
    }
    for name, fields in changed.items():
        content = padded(member("report.json", REPORT), member("files/001", FILE, changed=fields))
        made.refuses(f"header-{name}", "unpack", "F2.2", "container", {"container": content, "max_k": 24})
    first = {"mode": {100: b"0000644"}, "name": {0: b"Report.json"}, "name-of-a-file": {0: b"files/001\0\0"}}
    for name, fields in first.items():
        content = padded(member("report.json", REPORT, changed=fields), member("files/001", FILE))
        made.refuses(f"first-header-{name}", "unpack", "F2.2", "container", {"container": content, "max_k": 24})
    checksum = FIRST_FILE + 148
    for name, wrong in {
        "wrong": b"007257\0 ",
        "space-first": b"007256 \0",
        "seven-digits": b"0007256\0",
        "leading-space": b"  7256\0 ",
    }.items():
        content = whole[:checksum] + wrong + whole[checksum + 8 :]
        made.refuses(f"checksum-{name}", "unpack", "F2.2", "container", {"container": content, "max_k": 24})


def _members(made: Collection, whole: bytes) -> None:
    report, file = member("report.json", REPORT), member("files/001", FILE)
    containers = {
        "no-member": bytes(P),
        "zeros-first": padded(bytes(512), report, file),
        "files-first": padded(file, report),
        "report-twice": padded(report, report),
        "number-twice": padded(report, file, file),
        "number-skipped": padded(report, member("files/002", FILE)),
        "files-swapped": padded(report, member("files/002", FILE), file),
        "hundredth-file": padded(report, *(member(f"files/{number:03}", b"") for number in range(1, 101))),
        "no-tar": b"x" * P,
        "longer-than-the-rest": padded(report, header("files/001", P)),
        "longer-than-anything": padded(report, header("files/001", 8**11 - 1)),
        "gnu-long-name": padded(report, member("././@LongLink", b"files/001\0", changed={156: b"L"}), file),
    }
    for name, content in containers.items():
        made.refuses(name, "unpack", "F2.5", "container", {"container": content, "max_k": 24})
    made.refuses("nothing", "unpack", "F2.5", "container", {"container": b"", "max_k": 24})
    made.refuses("cut-inside-a-file", "unpack", "F2.5", "container", {"container": whole[: FIRST_CONTENT + 3], "max_k": 24})
    made.refuses("cut-inside-the-first-header", "unpack", "F2.5", "container", {"container": whole[:511], "max_k": 24})


def _padding(made: Collection, whole: bytes) -> None:
    def changed(at: int, byte: bytes = b"\1") -> bytes:
        return whole[:at] + byte + whole[at + 1 :]

    after_report = 512 + len(REPORT)
    spoiled = {
        "after-report": changed(after_report),
        "after-report-last": changed(FIRST_FILE - 1),
        "after-file": changed(FIRST_CONTENT + len(FILE)),
        "second-block-of-the-end": changed(FIRST_CONTENT + 512 + 512 + 5),
        "third-block-of-the-end": changed(FIRST_CONTENT + 512 + 1024),
        "last-byte": changed(P - 1),
    }
    for name, content in spoiled.items():
        made.refuses(f"not-zero-{name}", "unpack", "F2.5", "padding", {"container": content, "max_k": 24})
    # A byte in the first block after the last member makes a header of it, and one that does not belong there.
    made.refuses("not-zero-where-a-header-could-stand", "unpack", "F2.5", "container", {"container": changed(0xA00 + 7), "max_k": 24})
    hidden = padded(member("report.json", REPORT), bytes(512), member("files/001", FILE))
    made.refuses("member-behind-zeros", "unpack", "F2.5", "padding", {"container": hidden, "max_k": 24})
    sizes = {
        "twice-the-least-size": bytes(P),
        "one-byte-more": b"\0",
        "one-block-more": bytes(512),
    }
    for name, more in sizes.items():
        made.refuses(name, "unpack", "F2.5", "padding", {"container": whole + more, "max_k": 24})
    made.refuses("half-of-the-least-size", "unpack", "F2.5", "padding", {"container": whole[: P // 2], "max_k": 24})
    made.refuses("one-byte-less", "unpack", "F2.5", "padding", {"container": whole[:-1], "max_k": 24})
    made.refuses("no-room-for-the-end", "unpack", "F2.5", "padding", {"container": whole[: FIRST_CONTENT + 512], "max_k": 24})
    large = padded(member("report.json", bytes(P)), size=2 * P)
    made.passes("larger-class", "unpack", "F2.5", {"container": large, "max_k": 17}, {"report": bytes(P), "files": []})
    made.refuses("larger-than-the-call-takes", "unpack", "F2.5", "padding", {"container": large, "max_k": 16})


def _sizes(made: Collection) -> None:
    for name, report, files, size in (
        ("report-alone", 0, [], 1536),
        ("appendix-a", 569, [6], 3584),
        ("of-many", 513, [0, 1, 512, 513], 1024 + 5 * 512 + 1024 + 0 + 512 + 512 + 1024),
    ):
        made.passes(f"content-size-{name}", "content-size", "F2.4", {"report": report, "files": files}, {"size": size})
    for content, max_k, size in ((1536, 16, P), (P, 16, P), (P + 1, 24, 2 * P), (1 << 24, 24, 1 << 24), ((1 << 24) + 1, 26, 1 << 25)):
        made.passes(f"padded-size-{content}-{max_k}", "padded-size", "F2.4", {"content": content, "max_k": max_k}, {"size": size})
    for content, max_k in ((P + 1, 16), ((1 << 24) + 1, 24), ((1 << 26) + 1, 26)):
        given = {"content": content, "max_k": max_k}
        made.refuses(f"padded-size-{content}-{max_k}", "padded-size", "F2.4", "too-large", given)
    made.refuses("pack-too-large", "pack", "F2.4", "too-large", {"report": b"{}", "files": [bytes(P - 1024 - 3 * 512 + 1)], "max_k": 16})
    made.refuses("pack-hundred-files", "pack", "F2.1", "too-large", {"report": b"{}", "files": [b""] * 100, "max_k": 24})
    made.refuses("pack-long-report", "pack", "F2.6", "too-large", {"report": bytes((1 << 20) + 1), "files": [], "max_k": 24})
