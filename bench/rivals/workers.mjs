// Runs `serve` in one process, as the rivals' own guides start them, or in WORKERS of them that share the port:
// node runs JavaScript on one core, so two of them may be fairer on two cores; where PostgreSQL and the generator need
// those cores too, one was the faster. The bench takes whichever is. `serve` returns what closes it.
import cluster from "node:cluster";

export async function run(serve) {
  const workers = Number(process.env.WORKERS ?? 1);
  if (workers > 1 && cluster.isPrimary) {
    let listening = 0;
    cluster.on("listening", () => {
      listening += 1;
      if (listening === workers) console.log("listening");
    });
    for (let n = 0; n < workers; n += 1) cluster.fork();
    process.on("SIGTERM", () => Object.values(cluster.workers).forEach((worker) => worker.kill("SIGTERM")));
    return;
  }
  const close = await serve();
  if (cluster.isPrimary) console.log("listening");
  process.on("SIGTERM", async () => {
    await close();
    process.exit(0);
  });
}
