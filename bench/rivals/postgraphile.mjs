// C, a rival: PostGraphile 5 over the same tables, with post_payment as a mutation. Environment: DATABASE_URL, PORT,
// WORKERS (1) and POOL (connections of each worker). It has no tokens: the channel is an argument.
//
// Production settings: its recommended preset on node's own HTTP server, no GraphiQL, no watching, no explaining.
process.env.NODE_ENV ??= "production";
process.env.GRAPHILE_ENV ??= "production";
const { createServer } = await import("node:http");
const { postgraphile } = await import("postgraphile");
const { PostGraphileAmberPreset } = await import("postgraphile/presets/amber");
const { makePgService } = await import("postgraphile/adaptors/pg");
const { grafserv } = await import("postgraphile/grafserv/node");
const { extendSchema } = await import("postgraphile/utils");
const { lambda } = await import("postgraphile/grafast");
const { receiptNumber } = await import("./receipt.mjs");
const { run } = await import("./workers.mjs");

const Receipt = extendSchema({
  typeDefs: "extend type PostPaymentOutcome { receiptNumber: String }",
  objects: {
    PostPaymentOutcome: {
      plans: { receiptNumber: ($outcome) => lambda($outcome.get("payment_id"), receiptNumber, true) },
    },
  },
});

const preset = {
  extends: [PostGraphileAmberPreset],
  plugins: [Receipt],
  pgServices: [
    makePgService({
      connectionString: process.env.DATABASE_URL,
      schemas: ["public"],
      poolConfig: { max: Number(process.env.POOL ?? 20) },
      pubsub: false,
    }),
  ],
  grafserv: { graphiql: false, watch: false, outputDataAsString: true },
  grafast: { explain: false },
};

await run(async () => {
  const pgl = postgraphile(preset);
  const server = createServer();
  await pgl.createServ(grafserv).addTo(server);
  await new Promise((resolve) => server.listen(Number(process.env.PORT), "127.0.0.1", resolve));
  return async () => {
    server.close();
    server.closeAllConnections();
    await pgl.release();
  };
});
