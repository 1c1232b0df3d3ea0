import t from "tap";
import { PendingAnswer } from "../../src/wire/pending-answer.ts";
import type { AnswerListener } from "../../src/wire/pending-answer.ts";

const RESPONSE = Buffer.from("response");
const REFUSAL = new Error("refused");

/** Notes what it hears under its name. */
function listener(name: string, heard: unknown[]): AnswerListener {
  return {
    answered: (response) => heard.push([name, response]),
    refused: (error) => heard.push([name, error]),
  };
}

t.test("PendingAnswer tells observer and listener at once, in this order", (t) => {
  for (const settle of [RESPONSE, REFUSAL]) {
    const answer = new PendingAnswer();
    const heard: unknown[] = [];
    answer.listen(listener("listener", heard));
    answer.observe(listener("observer", heard));
    t.same(heard, []);
    if (settle === REFUSAL) answer.reject(REFUSAL);
    else answer.resolve(RESPONSE);
    t.same(heard, [
      ["observer", settle],
      ["listener", settle],
    ]);
  }
  t.end();
});

t.test("PendingAnswer that is settled tells whoever comes later", (t) => {
  const heard: unknown[] = [];
  const answer = new PendingAnswer();
  answer.resolve(RESPONSE);
  answer.observe(listener("observer", heard));
  answer.listen(listener("listener", heard));
  t.same(heard, [
    ["observer", RESPONSE],
    ["listener", RESPONSE],
  ]);
  t.end();
});

t.test("PendingAnswer can be awaited, also by several, before and after", async (t) => {
  const answer = new PendingAnswer();
  const first = Promise.resolve(answer);
  const second = answer.then((response) => response.length);
  answer.resolve(RESPONSE);
  t.equal(await first, RESPONSE);
  t.equal(await second, RESPONSE.length);
  t.equal(await answer, RESPONSE);
  const refused = new PendingAnswer();
  refused.reject(REFUSAL);
  await t.rejects(Promise.resolve(refused), REFUSAL);
  t.equal(await refused.then(undefined, () => "caught"), "caught");
});
