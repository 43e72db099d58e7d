import { test } from "node:test";
import { checkSignature } from "../../../form/browser/minisign.js";
import { refuses } from "./refuses.js";

const KEY = "RWQBAgMEBQYHCP0XJDhaoMdbZPt4zWAvodmR/ev3axPFjtcC6sg16fYY";
const CALL_HASH = "afbf9d0f3560b0fd7795e81c42a0a79ee6b6fc67e064f77826aee642cad28d91";
const SUMS = new TextEncoder().encode(`${CALL_HASH}  call.json\n`);
const SIGNATURE = `untrusted comment: saksei/v1
RUQBAgMEBQYHCC1fbx93/fj9zKDFOHH/WDJ0cvHXyIJAaqXTmoamHKRRS5S5t2e7M79/CFO4NXHqdem1hay49Orgua6xqAzGqQc=
trusted comment: saksei/v1
mzOn2PzX9WdQyyFGR4I62KgXBw/46/IVmguVZzALfkNwaFP5GWtRCniUNjqMG1/apx5PDcVrOWUy1bazP94KDw==
`;

test("verifies the signature of the specification", () => {
  checkSignature(SUMS, SIGNATURE, KEY);
});

test("refuses every spoiled signature", () => {
  refuses("signature", () => checkSignature(new TextEncoder().encode("other"), SIGNATURE, KEY));
  for (const [from, to] of [
    ["untrusted comment: saksei/v1", "untrusted comment: other"],
    ["trusted comment: saksei/v1\nmz", "trusted comment: saksei/v2\nmz"],
    ["RUQB", "RWQB"],
    ["RUQBAg", "RUQBAw"],
    ["mzOn", "mzOm"],
    ["\nmzOn", "\n\nmzOn"],
    ["DQ==\n", "DQ=="],
    ["Dw==\n", "Dw=="],
  ] as const) {
    if (SIGNATURE.includes(from)) refuses("signature", () => checkSignature(SUMS, SIGNATURE.replace(from, to), KEY));
  }
});

test("refuses what is no key", () => {
  for (const key of ["", KEY.slice(4), KEY.replace("RWQ", "RUQ")]) refuses("key-params", () => checkSignature(SUMS, SIGNATURE, key));
});
