// Places an order with the client that is generated from the store's API document, reads it back and
// voids it. Whatever does not fit the document does not compile.
import createClient from "openapi-fetch";
import type { components, paths } from "./store.js";

declare const process: { env: Record<string, string | undefined> };

const { STORE_URL: baseUrl, STORE_TOKEN: token } = process.env;
const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });

function check(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

const wanted: components["schemas"]["OrderFieldsWithId"] = {
  company: "Acme Ltd",
  address: "1 Main Street",
  currency: "EUR",
  lines: [{ sku: "BOLT-M8", quantity: 200, unit_price: 20 }],
};
const placed = await client.POST("/v1/orders", { body: wanted });
check(placed.data !== undefined, `placing is answered ${JSON.stringify(placed.error)}`);
check(placed.data.total === 4000, `the total is ${placed.data.total}`);

const path = { id: placed.data.id };
const read = await client.GET("/v1/orders/{id}", { params: { path } });
check(read.data?.status === "placed", `the status is ${read.data?.status}`);

const wrong = await client.POST("/v1/orders", { body: { ...wanted, lines: [] } });
check(wrong.error?.errors?.[0]?.field === "lines", `the problem is ${JSON.stringify(wrong.error)}`);

const voided = await client.DELETE("/v1/orders/{id}", { params: { path } });
check(voided.data?.status === "voided", `the status is ${voided.data?.status}`);
