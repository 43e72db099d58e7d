"""`python -m questionnaire > questionnaire/call.schema.json` writes the JSON Schema of a call definition for editors."""

import json

from questionnaire.loader import json_schema

if __name__ == "__main__":
    print(json.dumps(json_schema(), indent=2, ensure_ascii=False))
