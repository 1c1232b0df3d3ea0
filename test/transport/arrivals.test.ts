import fc from "fast-check";
import t from "tap";
import { Arrivals } from "../../src/transport/arrivals.ts";
import type { Place } from "../../src/transport/arrivals.ts";

void t.test("Arrivals are what a Set is", (t) => {
  fc.assert(
    fc.property(fc.array(fc.nat(20)), (steps) => {
      const arrivals = new Arrivals<object>();
      const model = new Set<object>();
      const places: Place<object>[] = [];
      for (const step of steps) {
        const place = places[step];
        if (place === undefined) {
          const value = { step };
          places.push(arrivals.add(value));
          model.add(value);
        } else {
          if (place.value !== undefined) model.delete(place.value);
          arrivals.remove(place);
        }
        const [oldest] = model;
        if (arrivals.oldest !== oldest || arrivals.size !== model.size) return false;
      }
      const values = arrivals.values();
      return values.length === model.size && [...model].every((value, at) => values[at] === value);
    }),
  );
  t.pass("held");
  t.end();
});

void t.test("Arrivals.remove() leaves nothing behind at a place", (t) => {
  const arrivals = new Arrivals<object>();
  const [first, second] = [arrivals.add({}), arrivals.add({})];
  arrivals.remove(first);
  arrivals.remove(first);
  t.same(first, { value: undefined, before: undefined, after: undefined });
  t.equal(arrivals.oldest, second.value);
  t.equal(arrivals.size, 1);
  t.end();
});
