"""An invented call with every type of question, for the pages; nothing about it is anybody's."""

from __future__ import annotations

import json
from typing import Any


def both(english: str, khmer: str) -> dict[str, str]:
    return {"km": khmer, "en": english}


def option(code: str, english: str, khmer: str, group: str | None = None) -> dict[str, Any]:
    return {"code": code, "label": both(english, khmer), **({"group": group} if group else {})}


QUESTIONS: list[dict[str, Any]] = [
    {
        "id": "what",
        "type": "text",
        "section": both("What happened", "មានអ្វីកើតឡើង"),
        "label": both("What happened? In your own words.", "តើមានអ្វីកើតឡើង? សូមសរសេរជាពាក្យរបស់បងប្អូនផ្ទាល់។"),
        "help": both("Leave out names that you do not want to pass on.", "ឈ្មោះដែលបងប្អូនមិនចង់ប្រាប់ មិនបាច់សរសេរទេ។"),
        "max_bytes": 20000,
        "discloses": "free_text",
    },
    {
        "id": "incident",
        "type": "choices",
        "label": both("What kind of thing was it?", "តើវាជារឿងប្រភេទណា?"),
        "groups": [
            {"code": "near", "label": both("Face to face", "ដោយផ្ទាល់")},
            {"code": "far", "label": both("From a distance", "ពីចម្ងាយ")},
        ],
        "options": [
            option("DA2", "Assault", "ការវាយដំ", "near"),
            option("DA5", "Intimidation in person, explicit threat of violence", "ការបំភិតបំភ័យដោយផ្ទាល់ ការគំរាមប្រើហិង្សា", "near"),
            option("TD1", "Threats or harassment online or by phone", "ការគំរាមកំហែង ឬការយាយីតាមអ៊ីនធឺណិត ឬទូរស័ព្ទ", "far"),
            option("TD4", "Coercion through family in Cambodia", "ការបង្ខិតបង្ខំតាមរយៈគ្រួសារនៅកម្ពុជា", "far"),
        ],
        "discloses": "sensitive",
    },
    {
        "id": "when",
        "type": "date",
        "label": both("When did it happen, or begin?", "តើវាកើតឡើង ឬចាប់ផ្ដើមនៅពេលណា?"),
        "precision": "day",
        "discloses": "quasi",
        "generalize": ["month", "year"],
    },
    {
        "id": "country",
        "type": "country",
        "section": both("Where you live", "កន្លែងដែលបងប្អូនរស់នៅ"),
        "label": both("Which country do you live in?", "តើបងប្អូនរស់នៅប្រទេសណា?"),
        "options": [
            option("KH", "Cambodia", "កម្ពុជា"),
            option("TH", "Thailand", "ថៃ"),
            option("US", "United States", "សហរដ្ឋអាមេរិក"),
        ],
        "discloses": "quasi",
        "generalize": ["region"],
    },
    {
        "id": "people",
        "type": "number",
        "label": both("How many people did it happen to?", "តើវាកើតឡើងចំពោះមនុស្សប៉ុន្មាននាក់?"),
        "discloses": "sensitive",
    },
    {
        "id": "reported",
        "type": "choice",
        "label": both("Did you tell an authority about it?", "តើបងប្អូនបានប្រាប់អាជ្ញាធរទេ?"),
        "options": [option("police", "Yes, the local police", "បាទ/ចាស ប៉ូលិសមូលដ្ឋាន"), option("nobody", "No, nobody", "ទេ មិនបានប្រាប់នរណាទេ")],
        "discloses": "sensitive",
    },
    {
        "id": "why-not",
        "type": "text",
        "label": both("Why not?", "ហេតុអ្វីមិនប្រាប់?"),
        "show_if": {"is": {"reported": "nobody"}},
        "max_bytes": 1200,
        "discloses": "free_text",
    },
    {
        "id": "needs",
        "type": "ranking",
        "label": both("What would help most?", "តើអ្វីអាចជួយបានច្រើនជាងគេ?"),
        "options": [
            option("safety", "Protection", "ការការពារ"),
            option("papers", "Papers", "ឯកសារ"),
            option("law", "A lawyer", "មេធាវី"),
        ],
        "discloses": "none",
    },
    {
        "id": "evidence",
        "type": "files",
        "section": both("Evidence and contact", "ភស្តុតាង និងទំនាក់ទំនង"),
        "label": both("Files that show it", "ឯកសារដែលបង្ហាញអំពីរឿងនេះ"),
        "discloses": "direct",
    },
    {
        "id": "reach",
        "type": "contact",
        "label": both("How can the reviewers reach you?", "តើអ្នកពិនិត្យអាចទាក់ទងបងប្អូនតាមណា?"),
        "help": both("Only if you want to be asked again.", "តែក្នុងករណីដែលបងប្អូនចង់ឱ្យគេសួរម្ដងទៀតប៉ុណ្ណោះ។"),
        "max_bytes": 300,
        "discloses": "direct",
    },
]

_POINTS = ("readers", "held", "kept", "withdrawal", "seizure", "named", "counts", "emergency", "receipt", "plain")


def call_document(recipients: list[str], log_vkey: str, **changes: Any) -> dict[str, Any]:
    """call.json of the invented call, to these recipients."""
    return {
        "v": 1,
        "call": "invented",
        "host": "intake.example",
        "opens": 1735689600,
        "deadline": 1755144000,
        "deadline_local": {"time": "2025-08-13T23:59", "zone": "America/New_York"},
        "retention_days": 365,
        "recipients": recipients,
        "log_vkey": log_vkey,
        "signing_key": "RW" + "A" * 54,
        "k": 5,
        "languages": ["km", "en"],
        "title": both("Repression across borders: tell what happened", "ការគាបសង្កត់ឆ្លងដែន៖ សូមប្រាប់ពីអ្វីដែលបានកើតឡើង"),
        "introduction": both(
            "We gather what Cambodians living abroad have met with: threats, surveillance, retaliation against family members. "
            "Everything is treated as strictly confidential.",
            "យើងប្រមូលអ្វីដែលពលរដ្ឋខ្មែររស់នៅក្រៅប្រទេសបានជួបប្រទះ៖ ការគំរាមកំហែង ការឃ្លាំមើល ការសងសឹកសមាជិកគ្រួសារ។ អ្វីៗទាំងអស់ត្រូវបានរក្សាជាសម្ងាត់យ៉ាងតឹងរ៉ឹង។",
        ),
        "promise": {point: both(f"The answer about {point}.", "ចម្លើយអំពីចំណុចនេះ។") for point in _POINTS},
        "audiences": [
            {"id": "state", "name": both("U.S. State Department", "ក្រសួងការបរទេសសហរដ្ឋអាមេរិក")},
            {"id": "eu", "name": both("European Union", "សហភាពអឺរ៉ុប")},
        ],
        "questions": QUESTIONS,
        "tables": [{"id": "kinds", "title": both("Kinds", "ប្រភេទ"), "dimensions": ["incident"]}],
        **changes,
    }


def call_bytes(recipients: list[str], log_vkey: str, **changes: Any) -> bytes:
    """The same as bytes."""
    return json.dumps(call_document(recipients, log_vkey, **changes), ensure_ascii=False).encode()
