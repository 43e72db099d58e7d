"""Vectors of canonical JSON (F0.3)."""

from __future__ import annotations

from tests.vectors.collection import Collection
from tests.vectors.spelling import text

ACCEPTED = {
    "empty-object": "{}",
    "empty-array": "[]",
    "nested": '{"a":[1,{"b":true,"c":[]}],"d":{"e":{}}}',
    "largest-integer": '{"a":9007199254740991}',
    "smallest-integer": '{"a":-9007199254740991}',
    "zero": '{"a":0}',
    "escapes-shortest": '{"a":"\\"\\\\\\b\\t\\n\\f\\r\\u0001\\u001f"}',
    "slash-unescaped": '{"a":"/"}',
    "delete-unescaped": '{"a":"\u007f\u0080\u2028\u2029"}',
    "backslash-before-u0000": '{"a":"\\\\u0000"}',
    "khmer": '{"a":"ខ្ញុំ\u200bបានឃើញ"}',
    "nfc-as-typed": '{"a":"\u00e9"}',
    "nfd-as-typed": '{"a":"e\u0301"}',
    "key-nfc-and-nfd": '{"e\u0301":1,"\u00e9":2}',
    "noncharacter": '{"a":"\uffff\U0010ffff"}',
    "bom-inside": '{"a":"\ufeff"}',
    "keys-by-utf16": '{"\U0001f600":1,"\ufb01":2}',
    "keys-prefix-first": '{"":0,"a":1,"aa":2,"b":3}',
    "keys-upper-first": '{"B":1,"a":2}',
    "proto-key": '{"__proto__":1,"constructor":2}',
    "number-like-keys": '{"10":1,"9":2}',
    "sixty-four-levels": "[" * 64 + "]" * 64,
    "sixty-four-levels-of-both": '[{"a":' * 32 + "0" + "}]" * 32,
    "sixty-four-levels-and-one-beside": "[" * 64 + "]" * 63 + ",[]]",
    "many-brackets-side-by-side": "[" + ",".join(["[{}]"] * 100) + "]",
    "brackets-in-a-text": '{"a":"' + "[{" * 100 + '"}',
}

REFUSED = {
    "nothing": "",
    "not-json": "{",
    "trailing-text": "{}x",
    "trailing-newline": "{}\n",
    "leading-space": " {}",
    "space-after-colon": '{"a": 1}',
    "space-after-comma": "[1, 2]",
    "keys-descend": '{"b":1,"a":2}',
    "keys-by-code-point": '{"\ufb01":1,"\U0001f600":2}',
    "keys-descend-inside": '{"a":{"z":1,"y":2}}',
    "escaped-letter": '{"a":"\\u0061"}',
    "escaped-letter-in-key": '{"\\u0061":1}',
    "escaped-slash": '{"a":"\\/"}',
    "long-escape-of-newline": '{"a":"\\u000a"}',
    "upper-case-escape": '{"a":"\\u001F"}',
    "escaped-surrogate-pair": '{"a":"\\ud83d\\ude00"}',
    "escaped-lone-high-surrogate": '{"a":"\\ud83d"}',
    "escaped-lone-low-surrogate": '{"a":"\\ude00"}',
    "escaped-surrogates-reversed": '{"a":"\\ude00\\ud83d"}',
    "escaped-nul": '{"a":"\\u0000"}',
    "escaped-nul-in-key": '{"\\u0000":1}',
    "escaped-nul-deep": '{"a":[{"b":["\\u0000"]}]}',
    "raw-control-character": '{"a":"\u0001"}',
    "raw-newline": '{"a":"\n"}',
    "raw-tab": '{"a":"\t"}',
    "single-quotes": "{'a':1}",
    "trailing-comma": '{"a":1,}',
    "comment": "{}//",
    "minus-zero": '{"a":-0}',
    "leading-zero": '{"a":01}',
    "leading-plus": '{"a":+1}',
    "too-large": '{"a":9007199254740992}',
    "too-small": '{"a":-9007199254740992}',
    "far-too-large": '{"a":1' + "0" * 400 + "}",
    "fraction": '{"a":1.5}',
    "fraction-of-zero": '{"a":1.0}',
    "exponent": '{"a":1e2}',
    "nan": '{"a":NaN}',
    "infinity": '{"a":Infinity}',
    "minus-infinity": '{"a":-Infinity}',
    "khmer-digits": '{"a":១}',
    "true-upper-case": '{"a":True}',
    "two-values": "{}{}",
    "sixty-five-levels": "[" * 65 + "]" * 65,
    "sixty-five-levels-of-both": "[" + '[{"a":' * 32 + "0" + "}]" * 32 + "]",
    "sixty-five-levels-at-the-end": '{"a":1,"b":' + "[" * 64 + "]" * 64 + "}",
    "sixty-five-levels-and-one-beside": "[" * 65 + "]" * 64 + ",[]]",
    "six-hundred-levels": "[" * 600 + "]" * 600,
    "five-thousand-levels": '{"a":' * 5000 + "0" + "}" * 5000,
}

DUPLICATES = {
    "key-twice": '{"a":1,"a":2}',
    "key-twice-same-value": '{"a":1,"a":1}',
    "key-twice-inside": '{"a":{"b":1,"b":2}}',
    "key-twice-in-array": '[{"b":1,"b":1}]',
    "empty-key-twice": '{"":1,"":1}',
    "key-twice-one-escaped": '{"a":1,"\\u0061":2}',
    "proto-key-twice": '{"__proto__":1,"__proto__":1}',
}

NOT_UTF_8 = {
    "byte-order-mark": b"\xef\xbb\xbf{}",
    "not-utf-8": b'{"a":"\xff"}',
    "cut-character": b'{"a":"\xc3"}',
    "overlong-slash": b'{"a":"\xc0\xaf"}',
    "overlong-nul": b'{"a":"\xc0\x80"}',
    "encoded-surrogate": b'{"a":"\xed\xa0\xbd\xed\xb8\x80"}',
    "beyond-unicode": b'{"a":"\xf4\x90\x80\x80"}',
    "utf-16": '{"a":1}'.encode("utf-16-le"),
    "raw-nul": b'{"a":"\0"}',
    "nul-at-end": b"{}\0",
}

WRITTEN = {
    "keys-ascend": ({"b": 1, "a": 2, "aa": 3, "": 4}, '{"":4,"a":2,"aa":3,"b":1}'),
    "keys-by-utf16": ({"\ufb01": 1, "\U0001f600": 2}, '{"\U0001f600":2,"\ufb01":1}'),
    "number-like-keys": ({"9": 1, "10": 2, "-1": 3}, '{"-1":3,"10":2,"9":1}'),
    "shortest-escapes": ({"a": '"\\/\b\t\n\f\r\u0001\u007f'}, '{"a":"\\"\\\\/\\b\\t\\n\\f\\r\\u0001\u007f"}'),
    "text-as-typed": (["e\u0301", "\u00e9", "ខ្ញុំ\u200b", "\u2028"], '["e\u0301","\u00e9","ខ្ញុំ\u200b","\u2028"]'),
    "numbers": ([0, -1, 9007199254740991, -9007199254740991], "[0,-1,9007199254740991,-9007199254740991]"),
    "true-and-false": ({"b": True, "a": False}, '{"a":false,"b":true}'),
}


def collection() -> Collection:
    """Return the vectors of `canonical.json`."""
    made = Collection("canonical", "JSON as RFC 8785 writes it, read without mercy: one value has one spelling.")
    for name, content in ACCEPTED.items():
        made.passes(name, "read", "F0.3", {"json": text(content)}, {})
    for name, content in REFUSED.items():
        made.refuses(name, "read", "F0.3", "report", {"json": text(content)})
    for name, content in DUPLICATES.items():
        made.refuses(name, "read", "F0.3", "json-duplicate", {"json": text(content)})
    for name, raw in NOT_UTF_8.items():
        made.refuses(name, "read", "F0.3", "report", {"json": raw})
    for name, (value, content) in WRITTEN.items():
        made.passes(f"write-{name}", "write", "F0.3", {"value": value}, {"json": text(content)})
    return made
