// D, a rival: Fastify and Mercurius with its JIT on, and pg with named prepared statements, over the same tables and
// post_payment. Environment: DATABASE_URL, PORT, WORKERS (1) and POOL (connections of each worker). It has no tokens:
// the channel is the header x-channel, BANK-1 where absent.
import Fastify from "fastify";
import mercurius from "mercurius";
import pg from "pg";

import { receiptNumber } from "./receipt.mjs";
import { run } from "./workers.mjs";

const schema = `
  enum BillStatus { OPEN PARTLY_PAID PAID CANCELLED }
  input BillFilter { status: [BillStatus!] }
  type Bill {
    number: String! period: String! dueOn: String! principal: String! penalty: String! paid: String! amountDue: String!
    isPayable: Boolean!
  }
  type BillConnection { nodes: [Bill!]! }
  type Account { name: String! status: String! amountDue: String! bills(filter: BillFilter): BillConnection! }
  type UserError { code: String! }
  type Payment { receiptNumber: String! }
  type PaymentPostPayload { replayed: Boolean! userErrors: [UserError!]! payment: Payment }
  input PaymentPostInput { idempotencyKey: String! accountNumber: String! amount: String! }
  type Query { account(number: String!): Account }
  type Mutation { paymentPost(input: PaymentPostInput!): PaymentPostPayload! }
`;

// One statement for W1, as its author would write it: the account, its holder and its open bills.
const ACCOUNT = `
  SELECT h.name, a.status, a.shortfall_fen, b.bill_number, b.period, b.due_on::text, b.principal_fen, b.principal_paid_fen,
         b.penalty_paid_fen, CASE WHEN (now() AT TIME ZONE 'Asia/Shanghai')::date <= b.due_on THEN 0
           ELSE post_payment_penalty(b.customer_class, b.principal_fen, b.due_on, b.principal_by_day,
             (now() AT TIME ZONE 'Asia/Shanghai')::date) END
  FROM accounts a JOIN account_holders h ON h.account_number = a.account_number
  LEFT JOIN bills b ON b.account_number = a.account_number AND b.due_on >= a.open_from
    AND b.status IN ('OPEN', 'PARTLY_PAID')
  WHERE a.account_number = $1 ORDER BY b.due_on, b.bill_number`;
const POST = "SELECT payment_id, replayed, refusal_code FROM post_payment($1, $2, $3, $4)";

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: Number(process.env.POOL ?? 20) });

function yuan(fen) {
  const cents = fen % 100;
  return `${(fen - cents) / 100}.${cents < 10 ? "0" : ""}${cents}`;
}

function fen(amount) {
  if (!/^[0-9]{1,11}\.[0-9]{2}$/.test(amount)) throw new Error("amount is not yuan with two decimals");
  return amount.replace(".", "");
}

function billOf([, , , number, period, dueOn, principalText, principalPaid, penaltyPaid, grossPenalty]) {
  const principal = Number(principalText);
  const paid = Number(principalPaid) + Number(penaltyPaid);
  const penalty = Math.max(Number(grossPenalty), Number(penaltyPaid));
  const dueFen = principal + penalty - paid;
  return {
    dueFen,
    bill: {
      number,
      period,
      dueOn,
      principal: yuan(principal),
      penalty: yuan(penalty),
      paid: yuan(paid),
      amountDue: yuan(dueFen),
      isPayable: true,
    },
  };
}

const resolvers = {
  Query: {
    async account(_, { number }) {
      const { rows } = await pool.query({ name: "account", text: ACCOUNT, values: [number], rowMode: "array" });
      if (rows.length === 0) return null;
      const [name, status, shortfallFen, firstBill] = rows[0];
      const bills = firstBill === null ? [] : rows.map(billOf);
      return {
        name: name === "" ? "" : `${String.fromCodePoint(name.codePointAt(0))}**`,
        status,
        amountDue: yuan(bills.reduce((sum, bill) => sum + bill.dueFen, Number(shortfallFen))),
        bills: { nodes: bills.map((bill) => bill.bill) },
      };
    },
  },
  Mutation: {
    async paymentPost(_, { input }, { channel }) {
      const values = [channel, input.idempotencyKey, input.accountNumber, fen(input.amount)];
      const { rows } = await pool.query({ name: "post", text: POST, values, rowMode: "array" });
      const [paymentId, replayed, code] = rows[0];
      return {
        replayed,
        userErrors: code === null ? [] : [{ code }],
        payment: paymentId === null ? null : { receiptNumber: receiptNumber(paymentId) },
      };
    },
  },
};

await run(async () => {
  const app = Fastify();
  app.register(mercurius, {
    schema,
    resolvers,
    jit: 1,
    context: (request) => ({ channel: request.headers["x-channel"] ?? "BANK-1" }),
  });
  await app.listen({ host: "127.0.0.1", port: Number(process.env.PORT) });
  return async () => {
    await app.close();
    await pool.end();
  };
});
