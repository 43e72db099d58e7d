// npm age-encryption at the other end of a pipe: one JSON request on standard input, one JSON answer on standard output.
import { Decrypter, Encrypter, identityToRecipient } from "age-encryption";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const request = JSON.parse(Buffer.concat(chunks).toString("utf8"));
const answer = {};

if (request.identity !== undefined) answer.recipient = await identityToRecipient(request.identity);
if (request.recipients !== undefined) {
  const encrypter = new Encrypter();
  for (const recipient of request.recipients) encrypter.addRecipient(recipient);
  answer.sealed = Buffer.from(await encrypter.encrypt(Buffer.from(request.plain, "base64"))).toString("base64");
}
if (request.open !== undefined) {
  const decrypter = new Decrypter();
  decrypter.addIdentity(request.identity);
  answer.opened = Buffer.from(await decrypter.decrypt(Buffer.from(request.open, "base64"))).toString("base64");
}
process.stdout.write(JSON.stringify(answer));
